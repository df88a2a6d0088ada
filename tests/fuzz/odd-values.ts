import fc from 'fast-check';

/** Texts that mean something to somebody's parser. */
export const oddText = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 30 }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '\0',
      '\u0000\u0001\u001f\u007f\u0085',
      '\u2028\u2029',
      '\u202eevil',
      '\ufeff',
      '\ud800',
      '\udfff\ud800',
      '👩‍👩‍👧‍👦',
      'Ω'.repeat(300),
      'a'.repeat(5_000),
      '../../etc/passwd',
      '${jndi:ldap://x}',
      '{{7*7}}',
      '%00%ff',
      "' OR 1=1 --",
      '<script>alert(1)</script>',
      '\r\nx-injected: 1',
      '[object Object]',
      'undefined',
      'NaN',
      'null',
      'true',
    ),
  },
);

/** Names of members that objects have without being given them. */
export const oddName = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty'),
  fc.constantFrom('toJSON', 'then', 'length', '', '0', '-1', 'pk', 'sk', 'status', 'tenant', 'id'),
  oddText,
);

/** Written into JSON without quotes: what JSON.stringify would not write. */
const rawMark = '\u{10fffd}';
const raw = (json: string): string => `${rawMark}${json}${rawMark}`;

/** Puts the raw pieces of a text of JSON in place. */
export const withRaw = (json: string): string =>
  json.replaceAll(new RegExp(`"${rawMark}((?:\\\\.|[^"\\\\])*)${rawMark}"`, 'gu'), (_, piece) =>
    JSON.parse(`"${String(piece)}"`),
  );

const oddNumber = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, -1, 1.5, 1e21, 1e300, 5e-324, 2 ** 31, 2 ** 53, 2 ** 53 + 2, -(2 ** 63)),
  fc.constantFrom(
    ...['1e400', '-1e400', '0x10', '01', '1.', '.5', '+1', 'NaN', 'Infinity', '1e-999'].map(raw),
    ...[raw('9'.repeat(400)), raw(`0.${'1'.repeat(400)}`), raw('undefined'), raw('TRUE')],
  ),
);

/** Whatever JSON can say, and some that it cannot. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: oddText },
  { weight: 4, arbitrary: oddNumber },
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(null, true, false, [], {}, [[]], [{}], [null], '$resp$'),
  },
  {
    weight: 2,
    arbitrary: fc.dictionary(oddName, fc.constantFrom<unknown>(1, 'x', null, {}), { maxKeys: 3 }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      raw('{"__proto__":{"tenant":"other"}}'),
      raw('{"constructor":{"prototype":{"x":1}}}'),
      raw('{"a":1,"a":2}'),
      raw('"\\ud800"'),
      raw('"\\u0000"'),
      raw(`${'['.repeat(99)}${']'.repeat(99)}`),
      raw(`${'{"a":'.repeat(400)}1${'}'.repeat(400)}`),
      raw(`${'['.repeat(20_000)}${']'.repeat(20_000)}`),
      raw(`[${'0,'.repeat(5_000)}0]`),
      raw("'single'"),
      raw('/* comment */ 1'),
      raw('1,'),
    ),
  },
);
