import type { ChatMessage } from '../chat-message.ts';
import type { GenerateRequest } from '../generate-request.ts';
import { isJsonObject, objectsOf } from '../json-object.ts';
import type { JsonObject, UpstreamCall } from '../production.ts';

const inputPart = (part: JsonObject): JsonObject => {
  const { type, image_url, file } = part;
  if (type === 'text') return { ...part, type: 'input_text' };
  if (type === 'image_url' && isJsonObject(image_url)) {
    const { url, detail = 'auto' } = image_url;
    return { type: 'input_image', image_url: url, detail };
  }
  if (type === 'file' && isJsonObject(file)) return { type: 'input_file', ...file };
  return part;
};

/** What an assistant said: text or a refusal, whose name is the same in both protocols. */
const outputPart = (part: JsonObject): JsonObject =>
  part['type'] === 'text' ? { ...part, type: 'output_text' } : part;

const contentOf = ({ role, content }: ChatMessage): unknown =>
  Array.isArray(content)
    ? objectsOf(content).map(role === 'assistant' ? outputPart : inputPart)
    : content;

const callOf = (call: JsonObject): JsonObject => {
  const called = isJsonObject(call['function']) ? call['function'] : {};
  return {
    type: 'function_call',
    call_id: call['id'],
    name: called['name'],
    arguments: called['arguments'],
  };
};

const itemsOf = (message: ChatMessage): readonly JsonObject[] => {
  const content = contentOf(message);
  const { tool_call_id, tool_calls }: JsonObject = message;
  if (message.role === 'tool') {
    return [{ type: 'function_call_output', call_id: tool_call_id, output: content ?? '' }];
  }
  const said = content === null ? [] : [{ type: 'message', role: message.role, content }];
  return [...said, ...objectsOf(tool_calls).map(callOf)];
};

/**
 * A `generate` request as it is put to an upstream of the responses protocol. It is stored there only
 * where it must be: in background mode. Content that is not known passes as it is.
 */
export const generateToResponses = (
  request: GenerateRequest,
  options: { readonly model: string; readonly background: boolean },
): UpstreamCall => {
  const { maxOutputTokens, temperature } = request;
  return {
    protocol: 'responses',
    body: {
      model: options.model,
      input: request.messages.flatMap(itemsOf),
      ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
      ...(temperature === undefined ? {} : { temperature }),
      stream: true,
      store: options.background,
      ...(options.background ? { background: true } : {}),
    },
  };
};
