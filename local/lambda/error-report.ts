/** How a function's error travels: the JSON body of the Runtime API's two error routes. */
export type ErrorReport = { errorType: string; errorMessage: string; trace: string[] };

/** Reads any thrown value as a report; never throws, whatever was thrown. */
export function toErrorReport(error: unknown): ErrorReport {
  try {
    if (error instanceof Error) {
      return {
        errorType: error.name,
        errorMessage: error.message,
        trace: (error.stack ?? '').split('\n'),
      };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    return { errorType: 'handled', errorMessage: 'the thrown value cannot be read', trace: [] };
  }
}

/** Reads a report that a runtime posted; a body that is none becomes an untyped error. */
export function parseErrorReport(body: string): ErrorReport {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) {
      const type = 'errorType' in value ? value.errorType : undefined;
      const message = 'errorMessage' in value ? value.errorMessage : undefined;
      return {
        errorType: typeof type === 'string' && type !== '' ? type : 'Unhandled',
        errorMessage: typeof message === 'string' ? message : '',
        trace: [],
      };
    }
  } catch {
    return { errorType: 'Unhandled', errorMessage: body, trace: [] };
  }
  return { errorType: 'Unhandled', errorMessage: body, trace: [] };
}
