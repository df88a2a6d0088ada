import { type EpochMs, epochMs } from '../job/time.ts';

/** The 48 bits of time that a UUID of version 7 begins with (RFC 9562, section 5.7), in hexadecimal. */
const format = /^[a-z]+_([0-9a-f]{12})[0-9a-f]{20}$/;

/** When a job's id was made; undefined for what is no id of ours. */
export const idTimeMs = (id: string): EpochMs | undefined => {
  const [, time] = format.exec(id) ?? [];
  return time === undefined ? undefined : epochMs(Number.parseInt(time, 16));
};
