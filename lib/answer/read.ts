import { Fault } from '../errors.ts';
import { unlessErased } from '../generation/erased.ts';
import { goneResult, nothingAt, type ReadDeps } from '../generation/read.ts';
import type { Deps } from '../ports.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { answerDeliveries } from './deliveries.ts';
import { answerJob } from './job.ts';
import { answerModels } from './models.ts';
import { answerInputItems, answerResponse } from './response.ts';
import { answerResponseList } from './response-list.ts';
import { answerResult } from './result.ts';

const healthy: HttpReply = { status: 200, headers: {}, body: { status: 'ok' } };

type Reading = ReadDeps & Pick<Deps, 'signingKeys' | 'upstreams' | 'deliveries'>;

/** Whatever is asked by GET. Throws the Faults of its parts. */
export const answerRead = (
  deps: Reading,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpReply> => {
  const id = request.pathParameters['id'] ?? '';
  const gone = () => (request.route === '/results/{id}' ? goneResult() : nothingAt(id));
  return unlessErased(deps, id, gone, () => answerRoute(deps, request, signal));
};

const answerRoute = async (
  deps: Reading,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpReply> => {
  switch (request.route) {
    case '/results/{id}':
      return answerResult(deps, request, signal);
    case '/v1/responses':
      return answerResponseList(deps, request);
    case '/v1/responses/{id}':
      return answerResponse(deps, request, signal);
    case '/v1/responses/{id}/input_items':
      return answerInputItems(deps, request);
    case '/v1/models':
    case '/v1/models/{id+}':
      return answerModels(deps, request);
    case '/jobs/{id}':
      return answerJob(deps, request);
    case '/deliveries':
      return answerDeliveries(deps, request);
    case '/health':
      return healthy;
    default:
      throw new Fault('not_found', `There is nothing at ${request.path}.`);
  }
};
