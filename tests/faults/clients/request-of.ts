import type { PlannedRequest } from '../request-plan.ts';

/** A planned request as it goes over the wire. */
export type WireRequest = {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
};

/** The prompt begins with the request's name, so that the model's own log can be joined. */
export const promptOf = (name: string): string => `${name}: tell of it.`;

const preferOf = ({ mode, waitSeconds }: PlannedRequest): string => {
  const parts = [
    ...(mode === 'async' ? ['respond-async'] : []),
    ...(waitSeconds === undefined ? [] : [`wait=${waitSeconds}`]),
  ];
  return parts.join(', ');
};

const bodyOf = ({ api, mode, model, name }: PlannedRequest): WireRequest['body'] => {
  const common = { model, metadata: { request: name } };
  const stream = mode === 'stream' || mode === 'background-stream';
  const background = mode === 'background' || mode === 'background-stream';
  switch (api) {
    case 'generate':
      return { ...common, prompt: promptOf(name) };
    case 'responses':
      return {
        ...common,
        input: promptOf(name),
        ...(stream ? { stream } : {}),
        ...(background ? { background } : {}),
      };
    case 'chat':
      return {
        ...common,
        messages: [{ role: 'user', content: promptOf(name) }],
        ...(stream ? { stream } : {}),
      };
  }
};

const paths = {
  generate: '/generate',
  responses: '/v1/responses',
  chat: '/v1/chat/completions',
} as const;

export const wireRequestOf = (planned: PlannedRequest): WireRequest => {
  const prefer = preferOf(planned);
  return {
    path: paths[planned.api],
    headers: prefer === '' ? {} : { prefer },
    body: bodyOf(planned),
  };
};
