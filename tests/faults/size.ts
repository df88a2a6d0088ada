/** How many requests, and for how long they are sent and faults are injected. */
export type Size = { readonly jobs: number; readonly minutes: number };

/** What `npm test` has time for: 40 s of faults, and two minutes for what they did to be made good. */
export const shortForm: Size = { jobs: 300, minutes: 0.65 };

/**
 * What the 50 sandboxes of one machine keep up with, faults and all. The short form has 2.5 times that for its
 * 40 s; where that goes on, they only take places from each other.
 */
const jobsPerMinute = 180;

export const minutesFor = (jobs: number): number => {
  const minutes =
    jobs <= shortForm.jobs ? (jobs / shortForm.jobs) * shortForm.minutes : jobs / jobsPerMinute;
  return Math.max(0.1, Number(minutes.toFixed(2)));
};

/** The command that carries out the same plan. */
export const againWith = (seed: number, { jobs, minutes }: Size): string =>
  `npm run faults -- --seed ${seed} --jobs ${jobs} --minutes ${minutes}`;
