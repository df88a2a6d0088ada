import { answerChat } from '../lib/answer/chat.ts';
import { answerGenerate } from '../lib/answer/generate.ts';
import { answerResponses } from '../lib/answer/responses.ts';
import { composeSubmit } from '../lib/compose/submit.ts';
import { ownContent } from '../lib/generation/own-content.ts';
import { api } from '../lib/middleware/api.ts';

const { deps, http, waits } = composeSubmit();

/** What makes jobs: `POST` of `/generate`, `/v1/responses` and `/v1/chat/completions`. */
export const handler = api(http, (request, signal) => {
  const own = { ...deps, content: ownContent(deps.content) };
  switch (request.route) {
    case '/v1/responses':
      return answerResponses(own, request, waits.responsesMs, signal);
    case '/v1/chat/completions':
      return answerChat(own, request, waits.chatMs, signal);
    default:
      return answerGenerate(own, request, waits.generateMs, signal);
  }
});
