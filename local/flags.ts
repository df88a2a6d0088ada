import path from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';

/** What the arguments of the local runtime say. */
export type Flags = {
  dataDir: string;
  /** Begin with an empty data folder. */
  fresh: boolean;
  /** Show the functions' logs on the console. */
  verbose: boolean;
  /** What stands between the functions and the table's emulator, such as a proxy that fails calls. */
  tableEndpoint: string | undefined;
  /** The same for the queues, of which the event source is told too. */
  queueEndpoint: string | undefined;
  /** A module that each sandbox loads before its function, such as one that shifts the clock. */
  preload: string | undefined;
  /** Ends functions sooner than the template says. */
  functionTimeoutMs: number | undefined;
};

const known =
  'Known are --fresh, --verbose, --data DIR, --table-endpoint URL, --queue-endpoint URL, --preload FILE and --function-timeout SECONDS.';

const isOrigin = (text: string): boolean =>
  URL.canParse(text) && new URL(text).origin === text && text.startsWith('http://');

const originSchema = z.string().refine(isOrigin);

/** The flags with a value: how it is read, and what is said when it cannot be. */
const valued = {
  data: { schema: z.string(), needs: 'a folder, e.g. --data .outlast' },
  'table-endpoint': { schema: originSchema, needs: 'an origin, e.g. http://127.0.0.1:9000' },
  'queue-endpoint': { schema: originSchema, needs: 'an origin, e.g. http://127.0.0.1:9000' },
  preload: { schema: z.string(), needs: 'a file' },
  'function-timeout': {
    schema: z.string().regex(/^[1-9]\d{0,2}$/),
    needs: 'whole seconds from 1 to 999',
  },
} as const;

type Valued = keyof typeof valued;

const isValued = (name: string): name is Valued => Object.hasOwn(valued, name);

/** The flags, and every fault in them. A flag that is given twice counts as given last. */
export function readFlags(args: readonly string[]): { flags: Flags; faults: string[] } {
  const faults: string[] = [];
  const set = new Set<string>();
  const values: Partial<Record<Valued, string>> = {};
  const options = {
    fresh: { type: 'boolean' },
    verbose: { type: 'boolean' },
    data: { type: 'string' },
    'table-endpoint': { type: 'string' },
    'queue-endpoint': { type: 'string' },
    preload: { type: 'string' },
    'function-timeout': { type: 'string' },
  } as const;
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') faults.push(`Unknown argument ${token.value}. ${known}`);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (isValued(name)) {
      const { schema, needs } = valued[name];
      if (value && schema.safeParse(value).success) values[name] = value;
      else faults.push(`${rawName} needs ${needs}.`);
    } else if (name !== 'fresh' && name !== 'verbose') {
      faults.push(`Unknown flag ${rawName}. ${known}`);
    } else if (value !== undefined) {
      faults.push(`${rawName} takes no value.`);
    } else {
      set.add(name);
    }
  }
  const seconds = values['function-timeout'];
  const flags = {
    dataDir: path.resolve(values.data ?? '.outlast'),
    fresh: set.has('fresh'),
    verbose: set.has('verbose'),
    tableEndpoint: values['table-endpoint'],
    queueEndpoint: values['queue-endpoint'],
    preload: values.preload === undefined ? undefined : path.resolve(values.preload),
    functionTimeoutMs: seconds === undefined ? undefined : Number(seconds) * 1000,
  };
  return { flags, faults };
}
