import * as z from 'zod/mini';

/** An upstream's own words about a failure, as far as it said them. */
export type UpstreamError = {
  readonly message?: string | undefined;
  readonly type?: string | undefined;
  readonly param?: string | undefined;
  readonly code?: string | undefined;
};

const words = z.catch(z.optional(z.string()), undefined);
const errorFields = z.object({
  message: words,
  type: words,
  param: words,
  /** OpenRouter and vLLM give a number: the HTTP status they would have answered with. */
  code: z.catch(
    z.optional(z.pipe(z.union([z.string(), z.number()]), z.transform(String))),
    undefined,
  ),
});

const validationDetail = z.object({
  loc: z.array(z.union([z.string(), z.number()])),
  msg: z.string(),
  type: words,
});

const shapes = z.union([
  /** OpenAI's. */
  z.object({ error: errorFields }),
  z.object({ error: z.string() }),
  /** FastAPI's validation errors. */
  z.object({ detail: z.array(validationDetail).check(z.minLength(1)) }),
  z.object({ detail: z.string() }),
  /** Older vLLM, and the error inside an event, whose type is then the event's own. */
  z.pipe(
    errorFields,
    z.transform(({ type, ...error }) => ({ error: type === 'error' ? error : { type, ...error } })),
  ),
]);

const isSaid = (error: UpstreamError): boolean =>
  error.message !== undefined || error.code !== undefined || error.type !== undefined;

/** The error in an answer's JSON body or in an event; undefined when none can be read. */
export const readErrorBody = (body: unknown): UpstreamError | undefined => {
  // Google's compatible endpoint wraps its error in a list.
  if (Array.isArray(body)) return body.length === 1 ? readErrorBody(body[0]) : undefined;
  if (typeof body === 'string' && body !== '') return { message: body };
  const parsed = shapes.safeParse(body);
  if (!parsed.success) return undefined;
  if ('error' in parsed.data) {
    const { error } = parsed.data;
    if (typeof error === 'string') return { message: error };
    return isSaid(error) ? error : undefined;
  }
  const { detail } = parsed.data;
  if (typeof detail === 'string') return { message: detail };
  const [first] = detail;
  if (first === undefined) return undefined;
  const param = first.loc.filter((part) => part !== 'body').join('.');
  return { message: `${param}: ${first.msg}`, param, code: first.type };
};
