import { Fault, toFault } from '../errors.ts';
import type { UpstreamServer } from '../ports/upstreams.ts';
import type { Deps } from '../ports.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { stringOf } from '../wire/json-object.ts';
import { matchesModel } from '../wire/model-pattern.ts';
import type { JsonObject } from '../wire/production.ts';
import { tenantOf } from './caller.ts';

const listMs = 10_000;

type ModelsDeps = Pick<Deps, 'upstreams' | 'log'>;

const modelsOf = async (
  deps: ModelsDeps,
  upstream: UpstreamServer,
): Promise<readonly JsonObject[] | Fault> => {
  try {
    return await upstream.models(AbortSignal.timeout(listMs));
  } catch (error) {
    deps.log.warn('models.unlisted', { upstream: upstream.name, error });
    return toFault(error);
  }
};

/** What the upstreams offer, each model once. Throws a Fault when none of them answers. */
const allModels = async (deps: ModelsDeps): Promise<readonly JsonObject[]> => {
  const answers = await Promise.all(deps.upstreams.all().map((one) => modelsOf(deps, one)));
  const lists = answers.flatMap((answer) => (answer instanceof Fault ? [] : [answer]));
  const failed = answers.find((answer) => answer instanceof Fault);
  if (lists.length === 0 && failed instanceof Fault) throw failed;
  const byId = new Map<string, JsonObject>();
  for (const model of lists.flat()) {
    const id = stringOf(model['id']);
    if (id !== undefined && !byId.has(id)) byId.set(id, model);
  }
  return [...byId.values()];
};

/** `GET /v1/models`, and `GET /v1/models/{id}`: those that the tenant may ask for. */
export const answerModels = async (deps: ModelsDeps, request: HttpRequest): Promise<HttpReply> => {
  tenantOf(request);
  const { models: patterns = ['*'] } = request.limits;
  const models = (await allModels(deps)).filter(({ id: name }) =>
    patterns.some((pattern) => matchesModel(pattern, stringOf(name) ?? '')),
  );
  const id = request.pathParameters['id'];
  if (id === undefined) return { status: 200, headers: {}, body: { object: 'list', data: models } };
  const model = models.find((one) => one['id'] === id);
  if (model === undefined) {
    throw new Fault('not_found', `The model ${JSON.stringify(id)} is not offered here.`);
  }
  return { status: 200, headers: {}, body: model };
};
