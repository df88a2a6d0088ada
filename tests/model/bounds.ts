/*
 * How far the check goes. `MODEL_DEPTH` (`npm run model -- --depth N`) goes N times as far: 1 is what
 * every run of the tests does, and from 100 on the protocol's model is explored to its end.
 */

const given = Number(process.env['MODEL_DEPTH'] ?? '1');
export const modelDepth = Number.isFinite(given) && given >= 1 ? Math.floor(given) : 1;

/** States of the protocol's model, for one configuration. */
export const protocolStates = 8_000 * modelDepth;

/** Turns off the straight way, in plays of the code. */
export const codeTurns = modelDepth >= 10 ? 2 : 1;
export const codeStates = 2_000 * modelDepth;

/** Random walks through the code, for one configuration. */
export const codeWalks = 100 * modelDepth;

/** Another seed takes other walks; what a run prints can be repeated. */
export const modelSeed = Number(process.env['MODEL_SEED'] ?? '1');

/** A broken promise as a text to read: the steps that led to it. */
export const told = (found: {
  readonly broken?: { readonly promise: string; readonly trace: readonly string[] };
}): string =>
  found.broken === undefined
    ? 'nothing is broken'
    : [found.broken.promise, ...found.broken.trace.map((step) => `  ${step}`)].join('\n');
