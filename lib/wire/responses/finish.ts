import type { Usage } from '../../job/job.ts';
import { clientWords, errorName } from '../client-words.ts';
import { entryOf, isJsonObject, objectsOf, stringOf } from '../json-object.ts';
import type { Finish, JsonObject } from '../production.ts';
import { malformedEvent, upstreamErrorFault } from './upstream-fault.ts';

/** `response.cancelled` is in no list of OpenAI's events, yet some servers send it. */
const endings: Readonly<Record<string, Finish['status']>> = {
  'response.completed': 'completed',
  'response.incomplete': 'incomplete',
  'response.failed': 'failed',
  'response.cancelled': 'cancelled',
};

const statuses: readonly Finish['status'][] = ['completed', 'incomplete', 'failed', 'cancelled'];

/** The object itself knows best: a cancelled response ends with an event of another name. */
const statusOf = (type: string, response: JsonObject): Finish['status'] | undefined => {
  const ending = entryOf(endings, type);
  if (ending === undefined) return undefined;
  return statuses.find((status) => status === response['status']) ?? ending;
};

const count = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;

/** Token counts of a response object; undefined where it tells none. */
export const usageOf = (usage: unknown): Usage | undefined => {
  if (!isJsonObject(usage)) return undefined;
  const input_tokens = count(usage['input_tokens']);
  const output_tokens = count(usage['output_tokens']) ?? 0;
  if (input_tokens === undefined) return undefined;
  const total_tokens = count(usage['total_tokens']) ?? input_tokens + output_tokens;
  return { input_tokens, output_tokens, total_tokens };
};

const errorOf = (response: JsonObject): Finish['error'] => {
  const error = isJsonObject(response['error']) ? response['error'] : {};
  return {
    code: errorName(stringOf(error['code'])) ?? 'server_error',
    message: clientWords(stringOf(error['message']) ?? 'The upstream failed.'),
  };
};

/** The upstream's error in the object, without the words of its account. */
const clean = (response: JsonObject): JsonObject =>
  isJsonObject(response['error'])
    ? { ...response, error: { ...response['error'], ...errorOf(response) } }
    : response;

/**
 * How a response ended, from a terminal event; undefined for any other. Throws Faults: the upstream's
 * own failure where another attempt may do better, `upstream_malformed` without a response object.
 */
export const finishOf = (event: JsonObject): Finish | undefined => {
  const type = stringOf(event['type']) ?? '';
  if (entryOf(endings, type) === undefined) return undefined;
  const { response } = event;
  if (!isJsonObject(response)) throw malformedEvent('a response');
  return finishOfResponse(response, statusOf(type, response) ?? 'completed');
};

/** How a response ended that was fetched rather than streamed; undefined while it is pending. */
export const finishOfFetched = (response: JsonObject): Finish | undefined => {
  const status = statuses.find((name) => name === response['status']);
  return status === undefined ? undefined : finishOfResponse(response, status);
};

const finishOfResponse = (response: JsonObject, status: Finish['status']): Finish => {
  if (status === 'failed') {
    const fault = upstreamErrorFault(response['error'] ?? { code: 'server_error' });
    if (fault.retry.kind !== 'never' || fault.code === 'upstream_credentials') throw fault;
  }
  return {
    status,
    final: status === 'failed' ? clean(response) : response,
    usage: usageOf(response['usage']),
    model: stringOf(response['model']) ?? '',
    error: status === 'failed' ? errorOf(response) : undefined,
  };
};

/** Whether the event ends its stream. */
export const isEnding = (event: JsonObject): boolean =>
  entryOf(endings, stringOf(event['type']) ?? '') !== undefined;

/** All the text of a response, refusals included, since they are what the model says. */
export const textOf = (response: JsonObject): string =>
  objectsOf(response['output'])
    .filter((item) => item['type'] === 'message')
    .flatMap((item) => objectsOf(item['content']))
    .map((part) => stringOf(part['text']) ?? stringOf(part['refusal']) ?? '')
    .join('');
