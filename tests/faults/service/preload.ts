import { writeFile } from 'node:fs/promises';

export const maxSkewMs = 5_000;

/**
 * Writes the module that each sandbox loads first: its clock is off by up to 5 s, one way or the
 * other, drawn for each process; and what it sends says which process it is of, for the proxies to
 * know whom a fault meets.
 */
export const writePreload = (path: string, seed: number): Promise<void> =>
  writeFile(
    path,
    `import { subscribe } from 'node:diagnostics_channel';
import { createHash } from 'node:crypto';
const draw = createHash('sha256').update('${seed} ' + process.pid).digest().readUInt32LE(0);
const skewMs = Math.round((draw / 0xffffffff) * ${2 * maxSkewMs}) - ${maxSkewMs};
const Clock = Date;
const now = () => Clock.now() + skewMs;
globalThis.Date = new Proxy(Clock, {
  construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [now()] : given, made),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
subscribe('http.client.request.created', ({ request }) => request.setHeader('x-sandbox', process.pid));
`,
  );
