import type { Api } from '../template/api.ts';
import type { AuthorizerContext } from './authorize.ts';
import { type GatewayRequest, headerValue } from './gateway-request.ts';
import type { RouteMatch } from './match-route.ts';

/** What the variables of one exchange are read from. */
export type Exchange = {
  api: Api;
  request: GatewayRequest;
  match: RouteMatch | undefined;
  authorizer: AuthorizerContext | undefined;
};

/** The variables of `$context` by their dotted names, without those of a refusal. */
export function contextVariables(exchange: Exchange): Map<string, string> {
  const { api, request, match, authorizer } = exchange;
  const variables: [string, string | undefined][] = [
    ['accountId', api.accountId],
    ['apiId', api.id],
    ['domainName', headerValue(request, 'host')],
    ['extendedRequestId', request.extendedRequestId],
    ['httpMethod', request.method],
    ['identity.sourceIp', request.sourceIp],
    ['identity.userAgent', headerValue(request, 'user-agent')],
    ['path', request.path],
    ['protocol', request.protocol],
    ['requestId', request.requestId],
    ['requestTime', requestTime(request.receivedAtMs)],
    ['requestTimeEpoch', String(request.receivedAtMs)],
    ['resourceId', match?.route.resourceId],
    ['resourcePath', match?.route.path],
    ['stage', api.stage],
    ...Object.entries(authorizer ?? {}).map(([name, value]): [string, string] => [
      `authorizer.${name}`,
      String(value),
    ]),
  ];
  return new Map(
    variables.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** A time as API Gateway writes it: `20/Nov/2026:07:02:23 +0000`. */
export function requestTime(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  return `${day}:${time} +0000`;
}
