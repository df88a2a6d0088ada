/** A cell is printed as it is; a number with at most three digits behind the point. */
export type Cell = string | number;

export type Table = {
  readonly title: string;
  /** With units where there are any: `p99 ms`. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
};

/** A figure and what it is meant to be, both measured or derived in the same run. */
export type Target = {
  readonly what: string;
  readonly measured: number;
  readonly is: 'at most' | 'at least';
  readonly bound: number;
};

export type BenchResult = {
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
  /** What a reader must know to read the tables: how it was measured, what is not in it. */
  readonly notes: readonly string[];
};

export type BenchOptions = {
  /** As little as shows that the bench runs: its figures mean nothing. */
  readonly smoke: boolean;
  /** The flags after the bench's name, each bench's own. */
  readonly flags: readonly string[];
  /** Tells what goes on, one line at a time. */
  say(line: string): void;
};

export type Bench = (options: BenchOptions) => Promise<BenchResult>;

/** Whether the figure is what it is meant to be. */
export const isMet = ({ measured, is, bound }: Target): boolean =>
  is === 'at most' ? measured <= bound : measured >= bound;
