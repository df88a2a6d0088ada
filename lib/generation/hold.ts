import type { Submission } from './submit.ts';

/**
 * How a request is held until its job has ended: not at all, for as long as can be, or firmly, since its
 * client knows no answer but the end's: a stream, or one that never said that it takes 202.
 */
export type Hold = 'none' | 'loose' | 'firm';

export const holdOf = ({
  live,
  followed,
  waitMs,
  takesPending,
}: Pick<Submission, 'live' | 'followed' | 'waitMs' | 'takesPending'>): Hold => {
  if (live || followed) return 'firm';
  if (waitMs === 0) return 'none';
  return takesPending ? 'loose' : 'firm';
};
