import * as z from 'zod';
import { StartFault } from './start-fault.ts';

const listSchema = z.array(
  z.looseObject({ name: z.unknown().optional(), apiKeyParameter: z.unknown().optional() }),
);

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};

/**
 * Throws `StartFault` when one of `UPSTREAMS` has its key in a parameter store: there is none here,
 * and a function would ask AWS itself. What else is wrong with the list the functions say.
 */
export function refuseParameterKeys(upstreams: string): void {
  const list = listSchema.safeParse(parsed(upstreams));
  const keyed = list.data?.filter(({ apiKeyParameter }) => apiKeyParameter !== undefined) ?? [];
  if (keyed.length === 0) return;
  const names = keyed.map(({ name }) => String(name)).join(', ');
  throw new StartFault(
    `UPSTREAMS has apiKeyParameter (${names}), but there is no parameter store on this machine: start with an UPSTREAMS that has apiKey in its place, or with UPSTREAMS=[] for none.`,
  );
}
