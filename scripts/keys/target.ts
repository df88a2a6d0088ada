import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Which table: the local runtime's, or a deployed stage's, found by its stack unless it is named. */
export type Target =
  | { readonly kind: 'local'; readonly dataDir: string }
  | {
      readonly kind: 'deployed';
      readonly stage: string | undefined;
      readonly region: string | undefined;
      readonly table: string | undefined;
    };

export const targetOptions = {
  stage: { type: 'string' },
  region: { type: 'string' },
  table: { type: 'string' },
  data: { type: 'string' },
} as const;

export const targetUsage = '[--stage STAGE] [--region REGION] [--table NAME] [--data DIR]';

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>
>;
/** Makes the error of what is wrong with the arguments. */
type Wrong = (fault: string) => Error;

const parse = <O extends Options>(args: readonly string[], options: O, wrong: Wrong): Parsed<O> => {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true as const });
    const rest = parsed.positionals.slice(1);
    if (rest.length > 0) throw new Error(`Unknown argument ${rest.join(' ')}.`);
    return parsed;
  } catch (thrown) {
    // Node goes on to explain how a positional argument could begin with a dash.
    const [sentence] = (thrown instanceof Error ? thrown.message : '').split(/\.(?:\s|$)/);
    throw wrong(`${sentence || 'The arguments cannot be read'}.`);
  }
};

/** The verb that stands first, and the flags' values, none of them empty. */
export const readArguments = <O extends Options>(
  args: readonly string[],
  options: O,
  wrong: Wrong,
): { readonly verb: string | undefined; readonly values: Parsed<O>['values'] } => {
  const { values, positionals } = parse(args, options, wrong);
  const isEmpty = (value: unknown): boolean => typeof value === 'string' && value.trim() === '';
  const empty = Object.entries(values).find(([, value]) => isEmpty(value))?.[0];
  if (empty !== undefined) throw wrong(`--${empty} is empty.`);
  return { verb: positionals[0], values };
};

const stageFormat = /^[A-Za-z][A-Za-z0-9-]{0,100}$/;

/** Where the flags of `targetOptions` point. */
export const parseTarget = (
  {
    stage,
    region,
    table,
    data,
  }: Readonly<Partial<Record<keyof typeof targetOptions, string | undefined>>>,
  wrong: Wrong,
): Target => {
  if (stage === undefined && table === undefined) {
    if (region !== undefined) throw wrong('--region needs --stage or --table.');
    return { kind: 'local', dataDir: data ?? '.outlast' };
  }
  if (data !== undefined) throw wrong('--data is for the local table, without --stage or --table.');
  if (stage !== undefined && !stageFormat.test(stage))
    throw wrong(`${JSON.stringify(stage)} is no stage.`);
  return { kind: 'deployed', stage, region, table };
};
