/** What `npm test` has time for. */
export const shortForm = 1_000;

/** The command that sends the same cases, or only those of one path that fast-check has printed. */
export const againWith = (seed: number, cases: number, path?: string): string =>
  `npm run fuzz -- --seed ${seed} --cases ${cases}${path === undefined ? '' : ` --path ${path}`}`;
