/** Which function a route calls, and whether it asks for an API key. */
export type ExpectedRoute = { keyed: boolean; lambdaId: string };

const keyed = new Map([
  ['SubmitLambdaFunction', ['POST /generate', 'POST /v1/responses', 'POST /v1/chat/completions']],
  [
    'ReadLambdaFunction',
    [
      '/v1/responses',
      '/v1/responses/{id}',
      '/v1/responses/{id}/input_items',
      '/v1/models',
      '/v1/models/{id+}',
      '/jobs/{id}',
      '/deliveries',
    ].flatMap((path) => [`GET ${path}`, `HEAD ${path}`]),
  ],
  [
    'ControlLambdaFunction',
    [
      'DELETE /v1/responses/{id}',
      'POST /v1/responses/{id}/cancel',
      'POST /jobs/{id}/cancel',
      'POST /jobs/{id}/retry',
      'POST /jobs/{id}/redeliver',
      'GET /callback_endpoints',
      'HEAD /callback_endpoints',
      'POST /callback_endpoints',
      'GET /callback_endpoints/{id}',
      'HEAD /callback_endpoints/{id}',
      'DELETE /callback_endpoints/{id}',
      'POST /callback_endpoints/{id}/rotate',
      'POST /callback_endpoints/{id}/test',
    ],
  ],
]);

/** What is answered without a key: all of a result URL and the health check, else preflight and 405. */
const open = new Map([
  ['SubmitLambdaFunction', ['ANY /generate', 'ANY /v1/chat/completions']],
  [
    'ReadLambdaFunction',
    [
      'ANY /results/{id}',
      'ANY /health',
      'ANY /v1/responses',
      'ANY /v1/responses/{id}',
      'ANY /v1/responses/{id}/input_items',
      'ANY /v1/models',
      'ANY /v1/models/{id+}',
      'ANY /jobs/{id}',
      'ANY /deliveries',
    ],
  ],
  [
    'ControlLambdaFunction',
    [
      'ANY /v1/responses/{id}/cancel',
      'ANY /jobs/{id}/cancel',
      'ANY /jobs/{id}/retry',
      'ANY /jobs/{id}/redeliver',
      'ANY /callback_endpoints',
      'ANY /callback_endpoints/{id}',
      'ANY /callback_endpoints/{id}/rotate',
      'ANY /callback_endpoints/{id}/test',
    ],
  ],
]);

/** Every route of the API, as `POST /generate`. */
export const expectedRoutes: ReadonlyMap<string, ExpectedRoute> = new Map(
  [keyed, open].flatMap((routesOf) =>
    [...routesOf].flatMap(([lambdaId, routes]) =>
      routes.map((route) => [route, { keyed: routesOf === keyed, lambdaId }] as const),
    ),
  ),
);
