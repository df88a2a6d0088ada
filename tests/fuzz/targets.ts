import fc from 'fast-check';
import { oddText } from './odd-values.ts';

/** Of each kind one that is there; those of another kind, and of another tenant, are not for this route. */
const knownId = fc.constantFrom('$gen$', '$resp$', '$chat$', '$theirs$', '$endpoint$');
const oddId = fc.oneof(
  fc.constantFrom('x', '0', 'demo', 'default', 'undefined', '__proto__', 'constructor', '{id}'),
  fc.constantFrom('gen_', 'resp_00000000000000000000000000', 'cbe_0', 'JOB%23x', '%24', '*', '~'),
  fc.constantFrom('%00', '%ff', '%', '%2', '%zz', '%c3%28', '%ed%a0%80', '%2e%2e', '..', '.'),
  fc.constantFrom('$resp$%00', '$resp$%2fcancel', '$resp$;v=1', '$resp$%20', '$resp$#cancel'),
  fc.constantFrom('a'.repeat(3_000), 'é', '\u{1f600}', '%F0%9F%98%80', 'a/b/c', 'a%2Fb'),
  oddText.map((text) => encodeURIComponent(text.toWellFormed())),
  fc.webPath().map((path) => path.slice(1)),
);

const spoiltPath = (path: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(
      `${path}/`,
      `/${path}`,
      `${path}//`,
      path.replaceAll('/', '//'),
      path.replaceAll('/', '%2f'),
      path.replace('/', '/./'),
      `/x/..${path}`,
      `${path}/../..${path}`,
      `/%2e%2e${path}`,
      `/prod${path}`,
      path.toUpperCase(),
      path.replaceAll('/', '\\'),
      `${path}%00`,
      `${path}.json`,
      `${path};a=b`,
      `${path}%20`,
      `${path}#part`,
      `http://127.0.0.1${path}`,
      `https://example.com${path}`,
      path.slice(1),
      '*',
      '/',
      '',
      `${path}/${'a/'.repeat(2_000)}`,
      `${path} HTTP/1.1\r\nx-injected: 1\r\nx:`,
      `/_local${path}`,
      `/..;${path}`,
    ),
    oddText.map((text) => `${path}/${encodeURI(text.toWellFormed())}`),
    fc.webPath(),
  );

const queryName = fc.constantFrom(
  ...['stream', 'starting_after', 'limit', 'after', 'order', 'status', 'include', 'include[]'],
  ...['expires', 'signature', 'id', 'constructor', '__proto__', '', 'wait', 'key', 'access_token'],
);
const queryValue = fc.oneof(
  fc.constantFrom('true', 'false', '1', '0', '-1', '1e3', '100', '101', '999999999999999', 'asc'),
  fc.constantFrom('completed', 'owed', '$resp$', '$gen$', '%00', '%ff', '%', '[]', '', 'null'),
  oddText.map((text) => encodeURIComponent(text.toWellFormed())),
);
const query = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(
        fc.tuple(queryName, queryValue).map(([name, value]) => `${name}=${value}`),
        { minLength: 1, maxLength: 4 },
      )
      .map((pairs) => `?${pairs.join('&')}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['?', '?&&&', '?=', '?%', '??', '?limit', '?limit=1&limit=2', '?stream=true&stream=false'],
      ...[`?a=${'b'.repeat(6_000)}`, `?${'a&'.repeat(2_000)}`, '?limit[$gt]=1', '?expires=1;x'],
    ),
  },
);

const withId = (route: string, id: string): string => route.replace(/\{\w+\+?\}/, id);

/** Of whom a route is asked, by its beginning; of all others a job of any API. */
const idsOf: readonly (readonly [string, readonly string[]])[] = [
  ['/v1/responses', ['$resp$']],
  ['/v1/models', ['demo', 'demo-chat']],
  ['/callback_endpoints', ['$endpoint$']],
];
const jobs = ['$gen$', '$resp$', '$chat$'];

/** A path of the route that is in order, for something that is there. */
export const goodTarget = (route: string): fc.Arbitrary<string> => {
  if (route === '/results/{id}') return fc.constant('$result$');
  const ids = idsOf.find(([start]) => route.startsWith(start))?.[1] ?? jobs;
  return fc.constantFrom(...ids).map((id) => withId(route, id));
};

/** The route with another id, another path or another query. */
export const oddTarget = (route: string): fc.Arbitrary<string> => {
  const id = fc.oneof(knownId, oddId).map((value) => withId(route, value));
  const path = route === '/results/{id}' ? id : goodTarget(route);
  return fc.oneof(
    ...(route.includes('{') ? [id] : []),
    path.chain(spoiltPath),
    fc.tuple(path, query).map((parts) => parts.join('')),
    ...(path === id ? [fc.constantFrom('$result$&x=1', '$result$0', '$result$&expires=1')] : []),
  );
};
