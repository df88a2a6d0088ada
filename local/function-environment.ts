import { refuseParameterKeys } from './parameter-keys.ts';
import type { Stack } from './template/stack.ts';

/** What the local runtime gives its functions beside what the template says. */
export type LocalEnvironment = {
  region: string;
  tableEndpoint: string;
  queueEndpoint: string;
  /** Values for variables of the template that neither it nor the host knows. */
  defaults: Readonly<Record<string, string>>;
  /** The environment of the host. */
  host: Readonly<Record<string, string | undefined>>;
};

/** Variables of the host that Node itself reads: certificates of a proxy that inspects TLS. */
const hostVariables = ['NODE_EXTRA_CA_CERTS'];

/**
 * The variables of one function: those of the template, each overridden by the host's where it is
 * set there, then by the local defaults where it is still empty. What names a resource of the stack
 * cannot be overridden. There is no parameter store here: a secret `NAME_PARAMETER` is left out, and
 * `NAME` is taken from the host. Throws `StartFault` when an upstream's key is to be read from one.
 */
export function functionEnvironment(
  template: Readonly<Record<string, string>>,
  stack: Pick<Stack, 'tables' | 'queues'>,
  local: LocalEnvironment,
): Record<string, string> {
  const physical = new Set([
    ...stack.tables.map(({ name }) => name),
    ...stack.queues.flatMap(({ name, url, arn }) => [name, url, arn]),
  ]);
  const variables = Object.entries(template).flatMap(([name, value]): [string, string][] => {
    if (name.endsWith('_PARAMETER')) {
      const secretName = name.slice(0, -'_PARAMETER'.length);
      const secret = local.host[secretName] || local.defaults[secretName] || template[secretName];
      return [
        [name, ''],
        [secretName, secret ?? ''],
      ];
    }
    if (physical.has(value)) return [[name, value]];
    return [[name, local.host[name] || local.defaults[name] || value]];
  });
  refuseParameterKeys(new Map(variables).get('UPSTREAMS') ?? '');
  const passed = hostVariables.flatMap((name) => {
    const value = local.host[name];
    return value ? [[name, value] as const] : [];
  });
  return {
    ...Object.fromEntries([...variables, ...passed]),
    AWS_REGION: local.region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_SQS: local.queueEndpoint,
    AWS_ENDPOINT_URL_DYNAMODB: local.tableEndpoint,
  };
}
