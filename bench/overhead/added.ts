import { quantile } from '../harness/quantiles.ts';
import type { Measured, Sample } from './rounds.ts';

/** The three points of a distribution that are looked at. */
export const points = [0.5, 0.95, 0.99] as const;
export type Points = readonly [p50: number, p95: number, p99: number];

export const pointsOf = (values: readonly number[]): Points => [
  quantile(values, 0.5),
  quantile(values, 0.95),
  quantile(values, 0.99),
];

/** What `figure` of a way is beyond that of a direct call, point by point. */
export const addedBy = (
  way: Measured,
  direct: Measured,
  figure: (sample: Sample) => number,
): Points => {
  const [p50, p95, p99] = pointsOf(way.samples.map(figure));
  const [direct50, direct95, direct99] = pointsOf(direct.samples.map(figure));
  return [p50 - direct50, p95 - direct95, p99 - direct99];
};

export const total = ({ totalMs }: Sample): number => totalMs;
export const first = ({ firstMs }: Sample): number => firstMs;
/** Each event behind the first, in microseconds. */
export const eachEvent = ({ totalMs, firstMs, events }: Sample): number =>
  ((totalMs - firstMs) * 1000) / Math.max(1, events - 1);
