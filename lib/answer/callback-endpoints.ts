import { rotateDefaultSecret } from '../delivery/default-secret.ts';
import {
  createEndpoint,
  type EndpointDeps,
  rotateEndpoint,
  testEndpoint,
} from '../delivery/endpoints.ts';
import { Fault } from '../errors.ts';
import { nothingAt } from '../generation/read.ts';
import type { CallbackEndpoint } from '../ports/callbacks.ts';
import type { Deps } from '../ports.ts';
import { admitTarget, parseEndpointRequest } from '../wire/callback-request.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { listPage } from '../wire/responses/list.ts';
import type { CallbackDeps } from './callback.ts';
import {
  defaultSecretId,
  defaultSecretObject,
  endpointObject,
  secretOf,
  testObject,
} from './callback-objects.ts';
import { tenantOf } from './caller.ts';

export type CallbackEndpointDeps = EndpointDeps &
  Pick<Deps, 'callbackSecrets'> &
  Pick<CallbackDeps, 'allowHttpLoopback'>;

const ok = (body: unknown): HttpReply => ({ status: 200, headers: {}, body });

const idOf = ({ pathParameters }: HttpRequest): string => pathParameters['id'] ?? '';

/** Ids are ours, so anything else is not looked for. */
const idFormat = /^cbe_[\da-f]{1,64}$/;

const ownEndpoint = async (
  deps: CallbackEndpointDeps,
  request: HttpRequest,
): Promise<CallbackEndpoint> => {
  const id = idOf(request);
  const found = idFormat.test(id) ? await deps.endpoints.find(tenantOf(request), id) : undefined;
  if (found === undefined) throw nothingAt(id);
  return found;
};

const mayCall = (deps: CallbackEndpointDeps, { limits }: HttpRequest, url: string): void =>
  admitTarget(url, 'url', {
    allowHttpLoopback: deps.allowHttpLoopback,
    hosts: limits.callbackHosts,
  });

/** `POST /callback_endpoints` */
const create = async (deps: CallbackEndpointDeps, request: HttpRequest): Promise<HttpReply> => {
  const asked = parseEndpointRequest(request.body);
  mayCall(deps, request, asked.url);
  const endpoint = await createEndpoint(deps, tenantOf(request), asked);
  const location = `${request.baseUrl}/callback_endpoints/${endpoint.id}`;
  return {
    status: 201,
    headers: { location },
    body: { ...endpointObject(endpoint), secret: secretOf(endpoint.keys) },
  };
};

/** `GET /callback_endpoints`: all of them, oldest first. */
const list = async (deps: CallbackEndpointDeps, request: HttpRequest): Promise<HttpReply> =>
  ok(listPage((await deps.endpoints.list(tenantOf(request))).map(endpointObject), false));

/** `GET` and `DELETE /callback_endpoints/{id}` */
const answerOne = async (deps: CallbackEndpointDeps, request: HttpRequest): Promise<HttpReply> => {
  const tenant = tenantOf(request);
  if (idOf(request) === defaultSecretId) {
    if (request.method === 'DELETE') {
      throw new Fault('invalid_value', 'The default secret cannot be deleted; it can be rotated.');
    }
    return ok(defaultSecretObject(await deps.callbackSecrets.find(tenant)));
  }
  const endpoint = await ownEndpoint(deps, request);
  if (request.method !== 'DELETE') return ok(endpointObject(endpoint));
  await deps.endpoints.remove(tenant, endpoint.id);
  return ok({ id: endpoint.id, object: 'callback_endpoint', deleted: true });
};

/** `POST /callback_endpoints/{id}/rotate` */
const rotate = async (deps: CallbackEndpointDeps, request: HttpRequest): Promise<HttpReply> => {
  if (idOf(request) === defaultSecretId) {
    const secret = await rotateDefaultSecret(deps, tenantOf(request));
    return ok({ ...defaultSecretObject(secret), secret: secretOf(secret.keys) });
  }
  const rotated = await rotateEndpoint(deps, await ownEndpoint(deps, request));
  if (rotated === undefined) throw nothingAt(idOf(request));
  return ok({ ...endpointObject(rotated), secret: secretOf(rotated.keys) });
};

/** `POST /callback_endpoints/{id}/test`: what the receiver said, whatever that is. */
const tryOut = async (
  deps: CallbackEndpointDeps,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpReply> => {
  const endpoint = await ownEndpoint(deps, request);
  mayCall(deps, request, endpoint.url);
  return ok(testObject(await testEndpoint(deps, endpoint, signal)));
};

/** Where a tenant's callbacks go. Throws the Faults of its parts; `not_found` for other routes. */
export const answerCallbackEndpoints = (
  deps: CallbackEndpointDeps,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpReply> => {
  switch (request.route) {
    case '/callback_endpoints':
      return request.method === 'POST' ? create(deps, request) : list(deps, request);
    case '/callback_endpoints/{id}':
      return answerOne(deps, request);
    case '/callback_endpoints/{id}/rotate':
      return rotate(deps, request);
    case '/callback_endpoints/{id}/test':
      return tryOut(deps, request, signal);
    default:
      throw new Fault('not_found', `There is nothing at ${request.path}.`);
  }
};
