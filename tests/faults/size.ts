/** How many requests, and for how long they are sent and faults are injected. */
export type Size = { readonly jobs: number; readonly minutes: number };

/** What `npm test` has time for: 40 s of faults, and two minutes for what they did to be made good. */
export const shortForm: Size = { jobs: 300, minutes: 0.65 };

/** As many jobs a second as the short form has. */
export const minutesFor = (jobs: number): number =>
  Math.max(0.1, Number(((jobs / shortForm.jobs) * shortForm.minutes).toFixed(2)));

/** The command that carries out the same plan. */
export const againWith = (seed: number, { jobs, minutes }: Size): string =>
  `npm run faults -- --seed ${seed} --jobs ${jobs} --minutes ${minutes}`;
