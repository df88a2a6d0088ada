import { Fault } from '../../errors.ts';
import { arrayOf, isJsonObject } from '../json-object.ts';
import { formatParam } from '../param.ts';
import type { JsonObject } from '../production.ts';

const refuse = (path: readonly PropertyKey[]): never => {
  const param = formatParam(path) ?? 'messages';
  throw new Fault(
    'invalid_value',
    `Invalid '${param}': it refers to an object in the upstream's account, which is not open to this key.`,
    { param },
  );
};

const objects = (value: unknown): readonly (readonly [number, JsonObject])[] =>
  [...arrayOf(value).entries()].filter((entry): entry is [number, JsonObject] =>
    isJsonObject(entry[1]),
  );

/**
 * Refuses a chat request that names objects in the upstream's account: uploaded files, and earlier
 * spoken answers by their id. Throws Fault `invalid_value` naming the field.
 */
export const refuseChatReferences = (body: JsonObject): void => {
  for (const [index, message] of objects(body['messages'])) {
    const { audio } = message;
    if (isJsonObject(audio) && (audio['id'] ?? null) !== null) {
      refuse(['messages', index, 'audio', 'id']);
    }
    for (const [partIndex, { file }] of objects(message['content'])) {
      if (isJsonObject(file) && (file['file_id'] ?? null) !== null) {
        refuse(['messages', index, 'content', partIndex, 'file', 'file_id']);
      }
    }
  }
};
