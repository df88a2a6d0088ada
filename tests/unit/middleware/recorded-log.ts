import type { Log } from '../../../lib/ports/system.ts';

type Entry = {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** A log that keeps its entries. */
export const recordedLog = (): { readonly log: Log; readonly entries: readonly Entry[] } => {
  const entries: Entry[] = [];
  const keep =
    (level: Entry['level']): Log['info'] =>
    (event, fields = {}) => {
      entries.push({ level, event, fields });
    };
  return { entries, log: { info: keep('info'), warn: keep('warn'), error: keep('error') } };
};
