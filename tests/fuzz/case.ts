/** One hostile request, as values: what it says is the same whenever its seed is run again. */
export type FuzzCase = {
  /** A method and a route of the API, of which this is a variation. */
  readonly route: string;
  readonly method: string;
  /** The request's target. `$name$` stands for what is known only at run time: see `Names`. */
  readonly target: string;
  readonly version: string;
  readonly key: KeyKind;
  readonly headers: readonly Header[];
  readonly body: Body | undefined;
  readonly framing: Framing;
};

export type Header = readonly [name: string, value: string];

/** Whose key comes along, if any. */
export const keyKinds = ['own', 'none', 'unknown', 'reader', 'other', 'garbled', 'long'] as const;
export type KeyKind = (typeof keyKinds)[number];

/** Made when it is sent: printed out, a body of five megabytes helps nobody. */
export type Body = {
  readonly content:
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'bytes'; readonly hex: string }
    | {
        readonly kind: 'nested';
        readonly open: string;
        readonly close: string;
        readonly levels: number;
      }
    | { readonly kind: 'repeated'; readonly unit: string; readonly times: number };
  readonly encoding: 'utf8' | 'utf8-bom' | 'utf16' | 'latin1' | 'gzip' | 'base64';
  /** From 0 to 1: how much of it is left. */
  readonly share: number;
};

/** How the body's length is told; all but the first two are lies or nonsense. */
export const framings = [
  'length',
  'chunked',
  'none',
  'short',
  'surplus',
  'endless',
  'two lengths',
  'length and chunked',
  'bad chunk',
  'no number',
  'negative',
] as const;
export type Framing = (typeof framings)[number];

/** What `$name$` in a target, header or body stands for. */
export const names = ['gen', 'resp', 'chat', 'theirs', 'endpoint', 'result', 'receiver'] as const;
export type Name = (typeof names)[number];
