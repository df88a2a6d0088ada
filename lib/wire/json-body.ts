import { Fault } from '../errors.ts';
import { maxBodyBytes } from '../limits.ts';
import { locateJsonFault } from './json-fault.ts';

/** A body as API Gateway hands it over. */
export type RawBody = {
  readonly text: string;
  readonly isBase64: boolean;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
};

const jsonMediaType = /^application\/(?:[\w.!#$&^+-]+\+)?json$/;

const refuseMediaType = (message: string): never => {
  throw new Fault('unsupported_media_type', message);
};

/** A missing Content-Type is taken for JSON: there is nothing else that we read. */
const checkMediaType = ({ contentType = 'application/json', contentEncoding }: RawBody): void => {
  const [mediaType = '', ...parameters] = contentType.toLowerCase().split(';');
  if (!jsonMediaType.test(mediaType.trim())) {
    refuseMediaType(
      `The body's content type must be application/json, not ${JSON.stringify(mediaType.trim().slice(0, 80))}. Send the header 'Content-Type: application/json'.`,
    );
  }
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=');
    if (name.trim() !== 'charset') continue;
    const charset = value.trim().replaceAll('"', '');
    if (charset !== 'utf-8' && charset !== 'utf8') {
      refuseMediaType(
        `The body's charset must be utf-8, not ${JSON.stringify(charset.slice(0, 40))}.`,
      );
    }
  }
  if (contentEncoding !== undefined && contentEncoding.trim().toLowerCase() !== 'identity') {
    refuseMediaType('Compressed bodies are not read. Send the body without a Content-Encoding.');
  }
};

const decode = ({ text, isBase64 }: RawBody): string => {
  if (Buffer.byteLength(text, isBase64 ? 'base64' : 'utf8') > maxBodyBytes) {
    const mebibytes = maxBodyBytes / 1024 / 1024;
    throw new Fault('body_too_large', `The body is larger than ${mebibytes} MiB, the limit.`);
  }
  if (!isBase64) return text.replace(/^\uFEFF/, '');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'base64'));
  } catch (cause) {
    throw new Fault('invalid_json', 'The body is not valid UTF-8.', { cause });
  }
};

const describeFault = (text: string): string => {
  const fault = locateJsonFault(text);
  if (fault === undefined) return 'The body is not valid JSON.';
  const what =
    fault.found === undefined ? 'it ends too early' : `unexpected ${JSON.stringify(fault.found)}`;
  return `The body is not valid JSON: ${what} at line ${fault.line}, column ${fault.column}.`;
};

/**
 * The JSON value of a body of at most `maxBodyBytes`. Throws Faults `unsupported_media_type`,
 * `body_too_large` and `invalid_json`; the last says where the text stops being JSON.
 */
export const parseJsonBody = (body: RawBody): unknown => {
  checkMediaType(body);
  const text = decode(body);
  if (text.trim() === '') throw new Fault('invalid_json', 'The body is empty. Send a JSON object.');
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault('invalid_json', describeFault(text));
  }
};
