import * as z from 'zod';
import type { ResponseHeaders } from './response-head.ts';

const headerValue = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const payloadSchema = z.object({
  statusCode: z.coerce.number().int(),
  headers: z.record(z.string(), headerValue).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(headerValue)).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/** A function's response to a buffered proxy integration. */
export type BufferedResponse = { statusCode: number; headers: ResponseHeaders; body: Buffer };

/** Reads what a function returned; undefined when it is not a proxy response. */
export function bufferedResponse(
  payload: unknown,
  binaryMediaTypes: readonly string[],
): BufferedResponse | undefined {
  const parsed = payloadSchema.safeParse(payload);
  if (!parsed.success) return undefined;
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = parsed.data;
  // Base64 is undone only where the API says that it has binary types:
  // https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html
  const isBinary = isBase64Encoded === true && binaryMediaTypes.length > 0;
  return {
    statusCode,
    headers: mergedHeaders(headers ?? {}, multiValueHeaders ?? {}),
    body: Buffer.from(body ?? '', isBinary ? 'base64' : 'utf8'),
  };
}

/** Both kinds of headers as one list; a name that is in both has the values of both. */
export function mergedHeaders(
  headers: Readonly<Record<string, string>>,
  multiValueHeaders: Readonly<Record<string, readonly string[]>>,
): ResponseHeaders {
  const merged = new Map<string, { name: string; values: Set<string> }>();
  const add = (name: string, values: readonly string[]) => {
    const entry = merged.get(name.toLowerCase()) ?? { name, values: new Set() };
    for (const value of values) entry.values.add(value);
    merged.set(name.toLowerCase(), entry);
  };
  for (const [name, values] of Object.entries(multiValueHeaders)) add(name, values);
  for (const [name, value] of Object.entries(headers)) add(name, [value]);
  return [...merged.values()].map(({ name, values }) => [name, [...values]]);
}
