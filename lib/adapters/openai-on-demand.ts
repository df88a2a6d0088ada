import type { UpstreamServer } from '../ports/upstreams.ts';
import type { OpenaiServerOptions } from './openai-server.ts';

/**
 * `openaiServer`, loaded with the first request to it, and the SDK with it: most runs of the functions
 * that could call an upstream do not.
 */
export const openaiOnDemand = (options: OpenaiServerOptions): UpstreamServer => {
  let server: UpstreamServer | undefined;
  let loading: Promise<UpstreamServer> | undefined;
  const load = async (): Promise<UpstreamServer> => {
    const { openaiServer } = await import('./openai-server.ts');
    server = openaiServer(options);
    return server;
  };
  const loaded = (): Promise<UpstreamServer> => {
    loading ??= load();
    return loading;
  };

  return {
    name: options.name,
    protocol: options.protocol,
    get adoptable() {
      // Until it was asked, nothing was refused.
      return (
        server?.adoptable ?? (options.protocol === 'responses' && options.background === 'auto')
      );
    },
    async *open(call, signal) {
      yield* (await loaded()).open(call, signal);
    },
    async *resume(upstreamId, startingAfter, signal) {
      yield* (await loaded()).resume(upstreamId, startingAfter, signal);
    },
    retrieve: async (upstreamId, signal) => (await loaded()).retrieve(upstreamId, signal),
    cancel: async (upstreamId, signal) => (await loaded()).cancel(upstreamId, signal),
    models: async (signal) => (await loaded()).models(signal),
  };
};
