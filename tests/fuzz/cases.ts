import fc from 'fast-check';
import { routeMethods } from '../../lib/wire/routes.ts';
import { goodBody, hasGoodBody, oddBody } from './bodies.ts';
import { type Body, type FuzzCase, framings, keyKinds } from './case.ts';
import { goodHeaders, oddHeaders } from './headers.ts';
import { goodTarget, oddTarget } from './targets.ts';

/** Every method of every route there is, from the table that the service itself goes by. */
const routes = Object.entries(routeMethods).flatMap(([route, methods]) =>
  methods.map((method) => ({ route, method })),
);

/** As `FuzzCase.route` names them. */
export const allRoutes: readonly string[] = routes.map(({ route, method }) => `${method} ${route}`);

const oddMethod = fc.constantFrom(
  ...['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT'],
  ...['PROPFIND', 'QUERY', 'get', 'PRI', 'FOO', 'G\u00cbT', '__proto__', '', 'GET GET'],
);
const oddVersion = fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/9', 'X', '');

const aspects = ['method', 'target', 'version', 'key', 'headers', 'body', 'framing'] as const;
type Aspect = (typeof aspects)[number];

/** What is odd about a request: mostly one thing, so that nothing else keeps it from being looked at. */
const oddAspects = (takesBody: boolean): fc.Arbitrary<readonly Aspect[]> => {
  const likely: readonly Aspect[] = takesBody
    ? ['body', 'body', 'body', 'key', 'headers', 'framing']
    : ['target', 'target', 'key', 'headers', 'body'];
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant<Aspect[]>([]) },
    { weight: 12, arbitrary: fc.constantFrom(...likely).map((one) => [one]) },
    { weight: 3, arbitrary: fc.constantFrom(...aspects).map((one) => [one]) },
    { weight: 4, arbitrary: fc.subarray([...aspects], { minLength: 2 }) },
  );
};

const caseOf = ({ route, method }: (typeof routes)[number]): fc.Arbitrary<FuzzCase> => {
  const takesBody = hasGoodBody(route) && method === 'POST';
  const good: fc.Arbitrary<Body | undefined> = takesBody ? goodBody(route) : fc.constant(undefined);
  const bad = fc.oneof(
    { weight: 12, arbitrary: oddBody(route) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
  return oddAspects(takesBody).chain((odd) => {
    const either = <Value>(
      aspect: Aspect,
      usual: fc.Arbitrary<Value>,
      other: fc.Arbitrary<Value>,
    ) => (odd.includes(aspect) ? other : usual);
    return fc.record({
      route: fc.constant(`${method} ${route}`),
      method: either('method', fc.constant(method), oddMethod),
      target: either('target', goodTarget(route), oddTarget(route)),
      version: either('version', fc.constant('HTTP/1.1'), oddVersion),
      key: either('key', fc.constant('own'), fc.constantFrom(...keyKinds)),
      headers: either('headers', fc.constant(goodHeaders(takesBody)), oddHeaders(takesBody)),
      body: either('body', good, bad),
      framing: either('framing', fc.constant('length'), fc.constantFrom(...framings)),
    });
  });
};

/** What takes a body has more that can be odd about it. */
const weighted = routes.map((one) => ({
  weight: one.method === 'POST' && hasGoodBody(one.route) ? 4 : 1,
  arbitrary: caseOf(one),
}));

/** A request to one of the routes, or to something that looks like one. */
export const fuzzCase: fc.Arbitrary<FuzzCase> = fc.oneof(...weighted);
