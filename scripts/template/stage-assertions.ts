import { type Assertion, mustEqual, mustHold } from './assertion.ts';
import { listOf, type Resource, referencedId, resourcesOf, type Template } from './template.ts';

function stagesOf(template: Template): Resource[] {
  return resourcesOf(template, 'AWS::ApiGateway::Stage');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function mustFollow(resource: Resource, earlier: readonly Resource[]): string[] {
  const dependencies = listOf(resource.attribute('DependsOn'));
  return earlier
    .filter(({ id }) => !dependencies.includes(id))
    .map(({ id }) => `${resource.id} does not depend on ${id}`);
}

export const stageAssertions: Assertion[] = [
  {
    promise: 'one stage serves the deployment, and no deployment makes a stage of its own',
    violations: (template) => [
      ...mustHold(stagesOf(template).length === 1, 'there is not exactly one stage'),
      ...resourcesOf(template, 'AWS::ApiGateway::Deployment').flatMap(({ id, get }) => [
        ...mustEqual(`${id} StageName`, get('StageName') ?? 'none', 'none'),
        ...mustHold(
          stagesOf(template).every((stage) => referencedId(stage.get('DeploymentId')) === id),
          `the stage does not serve ${id}`,
        ),
      ]),
    ],
  },
  {
    promise: 'the stage throttles and never logs what passes through it',
    violations: (template) =>
      stagesOf(template).flatMap(({ id, get }) => [
        ...mustEqual(`${id} settings`, listOf(get('MethodSettings')).length, 1),
        ...mustEqual(`${id} settings' path`, get('MethodSettings.0.ResourcePath'), '/*'),
        ...mustEqual(`${id} settings' method`, get('MethodSettings.0.HttpMethod'), '*'),
        ...mustHold(
          Number(get('MethodSettings.0.ThrottlingRateLimit')) > 0 &&
            Number(get('MethodSettings.0.ThrottlingBurstLimit')) > 0,
          `${id} does not throttle`,
        ),
        ...mustEqual(`${id} execution logging`, get('MethodSettings.0.LoggingLevel'), 'OFF'),
        ...mustEqual(`${id} data trace`, get('MethodSettings.0.DataTraceEnabled'), false),
      ]),
  },
  {
    promise: 'access logs are JSON without query strings: a result URL is signed there',
    violations: (template) =>
      stagesOf(template).flatMap(({ id, get }) => {
        const format = String(get('AccessLogSetting.Format') ?? '');
        return [
          ...mustHold(isJson(format), `${id} has no access log in JSON`),
          ...mustEqual(
            `${id} access log`,
            referencedId(get('AccessLogSetting.DestinationArn')),
            'AccessLogGroup',
          ),
          ...mustHold(
            !/querystring|requestOverride|authorization|header/i.test(format),
            `${id} logs more than it may: ${format}`,
          ),
        ];
      }),
  },
  {
    promise: 'a deployment comes after all that it freezes, a stage after the role of its logs',
    violations: (template) => [
      ...resourcesOf(template, 'AWS::ApiGateway::Deployment').flatMap((deployment) =>
        mustFollow(deployment, [
          ...resourcesOf(template, 'AWS::ApiGateway::Method'),
          ...resourcesOf(template, 'AWS::ApiGateway::GatewayResponse'),
        ]),
      ),
      ...stagesOf(template).flatMap((stage) =>
        mustFollow(stage, resourcesOf(template, 'AWS::ApiGateway::Account')),
      ),
    ],
  },
];
