import { Fault } from '../../errors.ts';
import { formatParam } from '../param.ts';
import type { JsonObject } from '../production.ts';

export type Path = readonly PropertyKey[];

/** The refusal of what the chat completions protocol has no way to say. */
export const untranslatable = (path: Path, why: string): Fault => {
  const param = formatParam(path) ?? 'input';
  return new Fault(
    'invalid_value',
    `Unsupported '${param}': ${why} on this model's upstream, which speaks chat completions.`,
    {
      reported: {
        status: 400,
        type: 'invalid_request_error',
        param,
        code: 'unsupported_parameter',
      },
    },
  );
};

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

/**
 * Refuses every field that is set and not among `known`, so that nothing is dropped in silence.
 * Throws Fault `invalid_value` naming the first.
 */
export const refuseOthers = (object: JsonObject, known: readonly string[], path: Path): void => {
  const other = Object.keys(object).find((name) => !known.includes(name) && isSet(object[name]));
  if (other !== undefined) throw untranslatable([...path, other], 'the field is not available');
};
