import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { type ListedUpstream, readUpstreamList } from '../../lib/config/upstream-list.ts';
import { CommandFault } from '../aws/command-fault.ts';

/** The parameters of a stage that an account can contradict. */
export type StageParams = {
  readonly openaiApiKeyParameter: string;
  readonly workerConcurrency: number;
  readonly deliveryConcurrency: number;
  readonly throttleRate: number;
  readonly upstreams: readonly ListedUpstream[];
  /** Of the list as text. */
  readonly upstreamsBytes: number;
};

const valuesSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const fileSchema = z.catchall(z.object({ default: valuesSchema }), valuesSchema);

const numberOf = (holds: (value: number) => boolean, error: string) =>
  z.coerce.number<string | number>({ error }).check(z.refine(holds, error));

/** What an event source may be limited to (Lambda, ScalingConfig; read 2026-11). */
const concurrency = numberOf(
  (functions) => Number.isInteger(functions) && functions >= 2 && functions <= 1000,
  'it is a whole number from 2 to 1000',
);

const paramsSchema = z.object({
  openaiApiKeyParameter: z.string().check(z.startsWith('/', 'it begins with /')),
  workerConcurrency: concurrency,
  deliveryConcurrency: concurrency,
  throttleRate: numberOf((rate) => rate > 0, 'it is a number above 0'),
  upstreams: z.pipe(
    z.string(),
    z.transform((text) => text.trim()),
  ),
});

/** As the functions will read it. */
const listOf = (text: string): readonly ListedUpstream[] => {
  const list = text === '' ? ({ value: [] } as const) : readUpstreamList(text);
  if ('value' in list) return list.value;
  throw new CommandFault(`The parameter upstreams is wrong: ${list.fault}.`);
};

const given = (params: readonly string[]) =>
  params.map((param) => {
    const [, name, value] = /^(\w+)=(.*)$/s.exec(param) ?? [];
    if (name !== undefined && value !== undefined) return [name, value] as const;
    throw new CommandFault(`--param ${param} is not of the form name=value.`);
  });

/**
 * As the deployment reads them: `infra/params.yml`, first what all stages have, then the stage's own,
 * then what is given as `name=value`. Throws CommandFault.
 */
export const stageParams = async (
  stage: string,
  overrides: readonly string[],
): Promise<StageParams> => {
  const path = new URL('../../infra/params.yml', import.meta.url);
  const file = fileSchema.parse(parse(await readFile(path, 'utf8')));
  const values = { ...file.default, ...file[stage], ...Object.fromEntries(given(overrides)) };
  const texts = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.replaceAll('${sls:stage}', stage) : value,
  ]);
  const params = paramsSchema.safeParse(Object.fromEntries(texts));
  if (params.success) {
    const { upstreams, ...others } = params.data;
    return {
      ...others,
      upstreams: listOf(upstreams),
      upstreamsBytes: Buffer.byteLength(upstreams),
    };
  }
  const [issue] = params.error.issues;
  throw new CommandFault(`The parameter ${issue?.path.join('.')} is wrong: ${issue?.message}.`);
};
