import { Fault } from '../errors.ts';
import { type Grant, parseGrant } from '../wire/authorizer-policy.ts';
import type { HttpRequest } from '../wire/http.ts';
import type { RouteAccess } from '../wire/routes.ts';
import { clientScopes, type Scope } from '../wire/scopes.ts';

type Caller = Pick<HttpRequest, 'tenant' | 'scopes' | 'limits'>;

const nobody: Caller = { tenant: undefined, scopes: [], limits: {} };

const lackingScope = ({ tenant, scopes }: Grant, scope: Scope, what: string): Fault => {
  const wanted = [...new Set([...clientScopes, ...scopes, scope])].join(',');
  return new Fault(
    'insufficient_scope',
    `This API key lacks the scope '${scope}', which ${what} needs; it has ${scopes.join(', ') || 'none'}. Ask the operator for a key with it: npm run keys -- create --tenant ${tenant} --scopes ${wanted}`,
  );
};

/**
 * Who asks, once the key is known to be made for this: `what` is the method and the route. On an open
 * route it is nobody. Throws Fault `invalid_api_key` when the authorizer let none in,
 * `insufficient_scope` when the key is not made for it, or `internal_error`.
 */
export const admitKey = (context: unknown, access: RouteAccess, what: string): Caller => {
  if (access === 'open') return nobody;
  const grant = parseGrant(context);
  if (grant === undefined) {
    throw new Fault(
      'invalid_api_key',
      'The request carries no tenant: the authorizer let none in.',
    );
  }
  if (!grant.scopes.includes(access)) throw lackingScope(grant, access, what);
  const { tenant, scopes, limits } = grant;
  return { tenant, scopes, limits };
};
