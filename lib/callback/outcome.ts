import type { TargetRefusal } from './target.ts';

/**
 * Why no answer came. `cut`: the connection stood and broke off. `stopped`: the caller's own signal.
 * Only up to `tls_failed` is it certain that the receiver has not seen the callback.
 */
export type CallbackFailure =
  | 'name_unresolved'
  | 'unreachable'
  | 'tls_failed'
  | 'cut'
  | 'garbled'
  | 'timed_out'
  | 'stopped';

/** What became of one delivery attempt. */
export type CallbackOutcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** What its Retry-After asks for, uncapped. */
      readonly retryAfterMs: number | undefined;
      /** The beginning of the answer's body as printable text. */
      readonly firstBytes: string;
      readonly tookMs: number;
    }
  /** Nothing was connected to. */
  | { readonly kind: 'refused_target'; readonly why: TargetRefusal }
  | {
      readonly kind: 'failed';
      readonly why: CallbackFailure;
      /** Node's or OpenSSL's error code, such as CERT_HAS_EXPIRED. */
      readonly code: string | undefined;
      readonly tookMs: number;
    };
