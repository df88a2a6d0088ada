import { add, type Mutation, remove, set } from './mutations.ts';

const post = 'ApiGatewayMethodGeneratePost';
const settings = 'Properties.MethodSettings.0';
const throttled = 'GatewayResponseThrottled';
const denied = 'GatewayResponseAccessDenied';
const body = 'Properties.ResponseTemplates.application/json';

/** For each promise about the gateway, the mistakes that must break it. */
export const breakingGateway: readonly (readonly [string, readonly Mutation[]])[] = [
  [
    'routes are exactly the known ones, and only the known ones answer without a key',
    [
      set(post, 'Properties.AuthorizationType', 'NONE'),
      set(post, 'Properties.AuthorizerId', undefined),
      set('ApiGatewayMethodHealthAny', 'Properties.HttpMethod', 'POST'),
      set('ApiGatewayResourceGenerate', 'Properties.PathPart', 'generation'),
      remove('ApiGatewayMethodResultsIdVarAny'),
      remove('ApiGatewayMethodV1ModelsHead'),
      set('ApiGatewayMethodV1ResponsesIdVarDelete', 'Properties.AuthorizationType', 'NONE'),
      set('ApiGatewayResourceV1ModelsIdVar', 'Properties.PathPart', '{id}'),
    ],
  ],
  [
    'the authorizer reads the Authorization header, and its answer is kept a minute',
    [
      set('AuthorizeApiGatewayAuthorizer', 'Properties.Type', 'REQUEST'),
      set('AuthorizeApiGatewayAuthorizer', 'Properties.AuthorizerResultTtlInSeconds', 3600),
      set(
        'AuthorizeApiGatewayAuthorizer',
        'Properties.IdentitySource',
        'method.request.header.X-Api-Key',
      ),
      set('AuthorizeApiGatewayAuthorizer', 'Properties.AuthorizerUri', 'arn:aws:lambda:other'),
    ],
  ],
  [
    'every route streams its response from its function',
    [
      set(post, 'Properties.Integration.ResponseTransferMode', 'BUFFERED'),
      set(post, 'Properties.Integration.Type', 'AWS'),
      set(post, 'Properties.Integration.Uri.Fn::Join.1.6', '/invocations'),
      set(post, 'Properties.Integration.Uri.Fn::Join.1.5.Fn::GetAtt.0', 'ReadLambdaFunction'),
      set(
        'ApiGatewayMethodJobsIdVarCancelPost',
        'Properties.Integration.Uri.Fn::Join.1.5.Fn::GetAtt.0',
        'SubmitLambdaFunction',
      ),
    ],
  ],
  [
    'the gateway waits as long as the function may run',
    [
      set(post, 'Properties.Integration.TimeoutInMillis', 29_000),
      set(post, 'Properties.Integration.TimeoutInMillis', undefined),
    ],
  ],
  [
    'the endpoint is regional: an edge one drops a stream that is idle for 30 s',
    [
      set('ApiGatewayRestApi', 'Properties.EndpointConfiguration.Types', ['EDGE']),
      set('ApiGatewayRestApi', 'Properties.EndpointConfiguration', undefined),
    ],
  ],
  [
    'one stage serves the deployment, and no deployment makes a stage of its own',
    [
      remove('ApiGatewayStage'),
      set('ApiGatewayDeployment', 'Properties.StageName', 'dev'),
      set('ApiGatewayStage', 'Properties.DeploymentId', { Ref: 'ApiGatewayDeployment1' }),
    ],
  ],
  [
    'the stage throttles and never logs what passes through it',
    [
      set('ApiGatewayStage', 'Properties.MethodSettings', undefined),
      set('ApiGatewayStage', `${settings}.ResourcePath`, '/health'),
      set('ApiGatewayStage', `${settings}.HttpMethod`, 'GET'),
      set('ApiGatewayStage', `${settings}.ThrottlingRateLimit`, undefined),
      set('ApiGatewayStage', `${settings}.ThrottlingBurstLimit`, 0),
      set('ApiGatewayStage', `${settings}.LoggingLevel`, 'INFO'),
      set('ApiGatewayStage', `${settings}.DataTraceEnabled`, true),
    ],
  ],
  [
    'access logs are JSON without query strings: a result URL is signed there',
    [
      set('ApiGatewayStage', 'Properties.AccessLogSetting', undefined),
      set('ApiGatewayStage', 'Properties.AccessLogSetting.Format', '$context.path'),
      set(
        'ApiGatewayStage',
        'Properties.AccessLogSetting.Format',
        '{"query":"$context.requestOverride.querystring.signature"}',
      ),
    ],
  ],
  [
    'a deployment comes after all that it freezes, a stage after the role of its logs',
    [
      set('ApiGatewayDeployment', 'DependsOn', undefined),
      set('ApiGatewayDeployment', 'DependsOn.0', 'Nothing'),
      set('ApiGatewayStage', 'DependsOn', undefined),
      add('Late', 'AWS::ApiGateway::GatewayResponse', {}),
    ],
  ],
  [
    'every refusal of the gateway is ours, and says 401, 404, 413, 429 where it must',
    [
      remove(throttled),
      set(denied, 'Properties.StatusCode', '403'),
      set('GatewayResponseIntegrationTimeout', 'Properties.StatusCode', '504'),
      set('GatewayResponseMissingAuthenticationToken', 'Properties.StatusCode', undefined),
    ],
  ],
  [
    'every refusal has the error shape of the API',
    [
      set(throttled, body, '{"message": "slow down"}'),
      set(throttled, body, '{"error": '),
      set(throttled, 'Properties.ResponseTemplates', undefined),
    ],
  ],
  [
    'a refused key is told so in the words of the OpenAI API',
    [
      set(
        denied,
        body,
        '{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"denied"}}',
      ),
    ],
  ],
  [
    'every refusal carries its request id, and Retry-After where another try may succeed',
    [
      set(denied, 'Properties.ResponseParameters', {
        'gatewayresponse.header.x-request-id': "'fixed'",
      }),
      set(throttled, 'Properties.ResponseParameters', {
        'gatewayresponse.header.x-request-id': 'context.requestId',
      }),
    ],
  ],
  [
    'browsers may read a refusal only where CORS_ORIGINS names an origin',
    [
      set(denied, 'Properties.ResponseParameters', {
        'gatewayresponse.header.Access-Control-Allow-Origin': "'*'",
      }),
    ],
  ],
];
