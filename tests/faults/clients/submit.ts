import type { PlannedRequest } from '../request-plan.ts';
import type { Exchanged } from './exchange.ts';
import { wireRequestOf } from './request-of.ts';
import { backOff, type ClientDeps, maxTries, tell } from './tell.ts';
import type { Told } from './told.ts';

/** Nobody has taken it: it can be sent again by whoever has no key too. */
const isUntaken = ({ broken }: Exchanged, { errorCode }: Told): boolean =>
  broken === 'refused' || errorCode === 'starting';

/** Sends it once, or with a key until it is heard what became of it. */
export const submit = async (deps: ClientDeps, planned: PlannedRequest): Promise<Told> => {
  const { path, headers, body } = wireRequestOf(planned);
  const { name } = planned;
  const keyed = deps.keys && planned.keyed;
  const key = keyed ? { 'idempotency-key': `key-${name}` } : {};
  for (let tries = 1; ; tries += 1) {
    const leave = tries === 1 ? planned.leave : undefined;
    const { exchanged, told } = await tell(deps, 'submit', name, `${deps.url}${path}`, {
      method: 'POST',
      headers: { ...headers, ...key },
      body,
      ...(leave === undefined ? {} : { leave }),
    });
    const { httpStatus = 0, broken } = exchanged;
    const heard = broken === undefined && (httpStatus < 500 || told.jobId !== undefined);
    const again = keyed ? !heard : isUntaken(exchanged, told);
    if (!again || tries === maxTries || deps.over.aborted) return told;
    await backOff(deps.random.between(500, 3_000), tries - 1, deps.over);
  }
};
