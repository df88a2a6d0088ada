/**
 * How a count of live jobs is put right, by how much it was off now and at the look before. Both looks
 * meet jobs that were counted and are not yet there, or the other way round; what stays off from one
 * to the next, in the same direction, is an error.
 */
export const correctionOf = (
  driftNow: number,
  driftBefore: number,
): { readonly correction: number; readonly drift: number } => {
  if (Math.sign(driftNow) !== Math.sign(driftBefore)) return { correction: 0, drift: driftNow };
  const stayed = Math.min(Math.abs(driftNow), Math.abs(driftBefore)) * Math.sign(driftNow);
  return { correction: stayed === 0 ? 0 : -stayed, drift: driftNow - stayed };
};
