import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';

/** The names of the calls that one request makes, in the order in which they begin. */
export type Calls = string[];

const current = new AsyncLocalStorage<Calls>();

/** Notes a call of the request that is carried out. */
export const noteCall = (name: string): void => {
  current.getStore()?.push(name);
};

/** Every request that goes out over HTTP is noted as one to the upstream: there is nobody else. */
export const watchUpstream = (): void =>
  subscribe('http.client.request.start', () => noteCall('upstream'));

export const noting = <T>(calls: Calls, act: () => T): T => current.run(calls, act);
