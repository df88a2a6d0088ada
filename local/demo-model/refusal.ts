import type { ServerResponse } from 'node:http';
import { jsonTypeName } from './json.ts';

/** An error answer in OpenAI's shape, with its HTTP status and extra headers. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** What was read from a request, or the answer that refuses it. */
export type Parsed<T> =
  | { readonly kind: 'parsed'; readonly value: T }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

interface RefusalDetails {
  readonly type?: string;
  readonly param?: string;
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Makes a refusal; `type` is `invalid_request_error` unless told otherwise. */
export function refusal(status: number, message: string, details: RefusalDetails = {}): Refusal {
  return {
    status,
    headers: details.headers ?? {},
    error: {
      message,
      type: details.type ?? 'invalid_request_error',
      param: details.param ?? null,
      code: details.code ?? null,
    },
  };
}

/** The refused side of `Parsed`: a 400 that names the parameter at fault. */
export function refused(
  message: string,
  param: string,
  code = 'invalid_value',
): { readonly kind: 'refused'; readonly refusal: Refusal } {
  return { kind: 'refused', refusal: refusal(400, message, { param, code }) };
}

/** The refused side of `Parsed` for a value of the wrong type; `wanted` is worded as "a string". */
export function wrongType(param: string, wanted: string, value: unknown) {
  const message = `Invalid type for '${param}': expected ${wanted}, got ${jsonTypeName(value)}.`;
  return refused(message, param, 'invalid_type');
}

/** The refused side of `Parsed` for a parameter that is not there. */
export function missing(param: string) {
  return refused(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter');
}

/** Sends a refusal as the whole answer. Nothing happens when the connection is already gone. */
export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  sendJson(response, refusal.status, { error: refusal.error }, refusal.headers);
}

/** Sends one JSON document as the whole answer, as OpenAI does: indented, with its length. */
export function sendJson(
  response: ServerResponse,
  status: number,
  document: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.byteLength,
    ...headers,
  });
  response.end(body);
}
