import { type Assertion, mustEqual, mustHold } from './assertion.ts';
import { expectedRoutes } from './expected-routes.ts';
import { type Resource, referencedId, resourcesOf, type Template } from './template.ts';

function methodsOf(template: Template): Resource[] {
  return resourcesOf(template, 'AWS::ApiGateway::Method');
}

function pathOf(template: Template, resourceId: string): string {
  const resource = resourcesOf(template, 'AWS::ApiGateway::Resource').find(
    ({ id }) => id === resourceId,
  );
  if (resource === undefined) return '';
  const parent = pathOf(template, referencedId(resource.get('ParentId')));
  return `${parent}/${String(resource.get('PathPart'))}`;
}

function routeOf(template: Template, method: Resource): string {
  const path = pathOf(template, referencedId(method.get('ResourceId')));
  return `${String(method.get('HttpMethod'))} ${path}`;
}

function uriTextOf(method: Resource): string {
  return JSON.stringify(method.get('Integration.Uri') ?? null);
}

export const gatewayAssertions: Assertion[] = [
  {
    promise: 'routes are exactly the known ones, and only the known ones answer without a key',
    violations: (template) => [
      ...mustEqual(
        'the list of routes',
        methodsOf(template)
          .map((method) => routeOf(template, method))
          .sort(),
        [...expectedRoutes.keys()].sort(),
      ),
      ...methodsOf(template).flatMap((method) => {
        const keyed = expectedRoutes.get(routeOf(template, method))?.keyed ?? true;
        return [
          ...mustEqual(
            `${method.id} authorization`,
            method.get('AuthorizationType'),
            keyed ? 'CUSTOM' : 'NONE',
          ),
          ...mustEqual(
            `${method.id} authorizer`,
            referencedId(method.get('AuthorizerId')),
            keyed ? 'AuthorizeApiGatewayAuthorizer' : '',
          ),
        ];
      }),
    ],
  },
  {
    promise: 'the authorizer reads the Authorization header, and its answer is kept a minute',
    violations: (template) => {
      const authorizers = resourcesOf(template, 'AWS::ApiGateway::Authorizer');
      return [
        ...mustHold(authorizers.length === 1, 'there is not exactly one authorizer'),
        ...authorizers.flatMap(({ id, get }) => [
          ...mustEqual(`${id} type`, get('Type'), 'TOKEN'),
          ...mustEqual(
            `${id} source`,
            get('IdentitySource'),
            'method.request.header.Authorization',
          ),
          ...mustEqual(`${id} TTL`, get('AuthorizerResultTtlInSeconds'), 60),
          ...mustHold(
            JSON.stringify(get('AuthorizerUri') ?? null).includes('"AuthorizeLambdaFunction"'),
            `${id} does not call the authorize function`,
          ),
        ]),
      ];
    },
  },
  {
    promise: 'every route streams its response from its function',
    violations: (template) =>
      methodsOf(template).flatMap((method) => [
        ...mustEqual(`${method.id} type`, method.get('Integration.Type'), 'AWS_PROXY'),
        ...mustEqual(
          `${method.id} transfer mode`,
          method.get('Integration.ResponseTransferMode'),
          'STREAM',
        ),
        ...mustHold(
          uriTextOf(method).includes('/2021-11-15/') &&
            uriTextOf(method).includes('/response-streaming-invocations'),
          `${method.id} does not invoke for streaming`,
        ),
        ...mustHold(
          uriTextOf(method).includes(
            `"${expectedRoutes.get(routeOf(template, method))?.lambdaId ?? 'none'}"`,
          ),
          `${method.id} calls another function than its own`,
        ),
      ]),
  },
  {
    promise: 'the gateway waits as long as the function may run',
    violations: (template) =>
      methodsOf(template).flatMap((method) => {
        const lambda = resourcesOf(template, 'AWS::Lambda::Function').find(({ id }) =>
          uriTextOf(method).includes(`"${id}"`),
        );
        const timeoutMs = Number(lambda?.get('Timeout')) * 1000;
        return mustEqual(
          `${method.id} time-out`,
          method.get('Integration.TimeoutInMillis'),
          timeoutMs,
        );
      }),
  },
  {
    promise: 'the endpoint is regional: an edge one drops a stream that is idle for 30 s',
    violations: (template) =>
      resourcesOf(template, 'AWS::ApiGateway::RestApi').flatMap((api) =>
        mustEqual(`${api.id} endpoint`, api.get('EndpointConfiguration.Types'), ['REGIONAL']),
      ),
  },
];
