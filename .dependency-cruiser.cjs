/** The import law: which room may use which (see the layout in README). */

const rooms = {
  functions: [
    'lib/compose',
    'lib/config',
    'lib/middleware',
    'lib/wire',
    'lib/answer',
    'lib/generation',
    'lib/access',
    'lib/delivery',
    'lib/errors',
    'lib/limits',
    'lib/ports',
    'lib/job',
  ],
  'lib/compose': [
    'lib/adapters',
    'lib/config',
    'lib/ports',
    'lib/limits',
    'lib/errors',
    // Lives as long as the sandbox, so it is made where the sandbox's ports are.
    'lib/generation/upstream-health',
    'lib/generation/model-durations',
    'lib/generation/record-watch',
    // Wraps a port, as adapters do.
    'lib/generation/settled-jobs',
    'lib/wire/model-pattern',
    'lib/delivery/has-endpoints',
  ],
  'lib/adapters': [
    'lib/ports',
    'lib/wire',
    'lib/job',
    'lib/upstream-health',
    'lib/durations',
    'lib/callback',
    'lib/errors',
    'lib/limits',
  ],
  'lib/middleware': ['lib/errors', 'lib/limits', 'lib/wire', 'lib/ports', 'lib/job'],
  'lib/answer': [
    'lib/generation',
    'lib/delivery',
    'lib/callback',
    'lib/job',
    'lib/wire',
    'lib/ports',
    'lib/errors',
    'lib/limits',
  ],
  'lib/generation': [
    'lib/job',
    'lib/upstream-health',
    'lib/durations',
    'lib/callback',
    'lib/wire',
    'lib/ports',
    'lib/errors',
    'lib/limits',
  ],
  'lib/access': [
    'lib/delivery/default-secret',
    'lib/callback',
    'lib/job',
    'lib/wire',
    'lib/ports',
    'lib/errors',
    'lib/limits',
  ],
  'lib/audit': ['lib/job', 'lib/ports', 'lib/errors', 'lib/limits'],
  'lib/redrive': ['lib/job', 'lib/wire', 'lib/ports', 'lib/errors', 'lib/limits'],
  'lib/delivery': ['lib/job', 'lib/callback', 'lib/wire', 'lib/ports', 'lib/errors', 'lib/limits'],
  'lib/wire': ['lib/job', 'lib/callback', 'lib/errors', 'lib/limits'],
  'lib/job': ['lib/errors', 'lib/limits'],
  'lib/upstream-health': ['lib/job/time', 'lib/errors', 'lib/limits'],
  'lib/durations': ['lib/job/time', 'lib/errors', 'lib/limits'],
  'lib/callback': ['lib/job', 'lib/errors', 'lib/limits'],
  'lib/ports': [
    'lib/job',
    'lib/upstream-health',
    'lib/durations',
    'lib/callback',
    'lib/wire',
    'lib/errors',
    'lib/limits',
  ],
  'lib/config': ['lib/errors', 'lib/limits'],
  'lib/limits': [],
  'lib/errors': ['lib/limits'],
  local: [],
  bench: ['functions', 'local', 'scripts', 'lib', 'tests/fixtures'],
  scripts: [
    'lib/compose',
    'lib/config',
    'lib/access',
    'lib/audit',
    'lib/redrive',
    'lib/ports',
    'lib/errors',
  ],
};

const ownCode = '^(functions|lib|local|bench|scripts|tests)/';
/** A room is a folder or a single file: `lib/job/…` or `lib/config.ts`, never `lib/job-x`. */
const within = (room) => `^${room}(/|\\.ts$)`;

const roomRules = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room.replace('/', '-')}-imports`,
  comment: `${room} may import ${allowed.length > 0 ? allowed.join(', ') : 'nothing of the other rooms'}`,
  severity: 'error',
  from: { path: within(room) },
  to: { path: ownCode, pathNot: [room, ...allowed].map(within) },
}));

/** Node's modules without I/O, clock or chance. */
const pureNodeModules = '^(node:)?(crypto|buffer|util|url|assert|zlib)$';

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure-core',
      comment:
        'lib/job, lib/upstream-health, lib/durations and lib/callback hold no I/O: neither packages nor such modules of Node',
      severity: 'error',
      from: { path: '^lib/(job|upstream-health|durations|callback)/' },
      to: { dependencyTypes: ['core'], pathNot: pureNodeModules },
    },
    {
      name: 'pure-core-packages',
      comment: 'Schemas are values: zod is the one package of the core',
      severity: 'error',
      from: { path: '^lib/(job|upstream-health|durations|callback)/' },
      to: { path: 'node_modules/', pathNot: 'node_modules/zod/' },
    },
    {
      name: 'sdks-only-in-adapters',
      comment: 'A service is reached through its port; no SDK class leaves its adapter',
      severity: 'error',
      from: { path: '^(functions|lib)/', pathNot: '^lib/(adapters|compose)/' },
      to: { path: 'node_modules/(@aws-sdk|@smithy|openai)/' },
    },
    {
      name: 'middy-only-at-the-edge',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/middleware/' },
      to: { path: 'node_modules/@middy/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-dev-dependencies-in-bundles',
      severity: 'error',
      from: { path: '^(functions|lib)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unlisted-packages',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-tests-in-code',
      severity: 'error',
      from: { pathNot: '^(tests|bench)/' },
      to: { path: '^tests/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
