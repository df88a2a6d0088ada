/** A kind of generation. */
export type Kind = { readonly name: string; readonly seconds: number };

export const short: Kind = { name: '3 s', seconds: 3 };
export const middle: Kind = { name: '30 s', seconds: 30 };
export const long: Kind = { name: '300 s', seconds: 300 };

/** Ten generations of the mix: seven short, two middle, one long. */
const ten = [long, middle, short, short, short, short, middle, short, short, short] as const;

/** That many generations of the mix, the rare kinds spread evenly among the others. */
export const drawMix = (count: number): readonly Kind[] =>
  Array.from({ length: count }, (_, index) => ten[index % ten.length] ?? short);

/**
 * As fast as a large model writes; small ones are two to five times as fast, which makes the tokens
 * dearer beside the service, and this machine busier than waiting needs.
 */
export const tokensPerSecond = 20;

const firstTokenMs = 500;

export const tokensOf = ({ seconds }: Kind): number => seconds * tokensPerSecond;

/** How long its generation lasts at the upstream when time runs `speed` times as fast. */
export const lastsMs = ({ seconds }: Kind, speed: number): number =>
  (seconds * 1e3 + firstTokenMs) / speed;

/**
 * The demo model's name for a generation of that kind; its tokens are as many at any speed. `base` is
 * the name to begin with.
 */
export const modelOf = (kind: Kind, speed: number, base = 'demo'): string =>
  `${base}?tokens=${tokensOf(kind)}&rate=${tokensPerSecond * speed}&first_ms=${Math.round(firstTokenMs / speed)}`;
