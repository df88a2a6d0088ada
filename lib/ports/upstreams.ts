import type { Evidence, UpstreamUse } from '../upstream-health/evidence.ts';
import type { Health } from '../upstream-health/health.ts';
import type { CallKind, Passage, Taken } from '../upstream-health/passage.ts';
import type { JsonObject, Protocol, UpstreamCall } from '../wire/production.ts';

export type ChatMessage = {
  readonly role: string;
  readonly content: unknown;
  readonly [field: string]: unknown;
};

/** What is known of each upstream, in one item. Methods throw Fault `store_unavailable`. */
export interface UpstreamHealthStore {
  /** Of an upstream that nothing is known of, a healthy one. Also throws `item_unreadable`. */
  load(upstream: string): Promise<Health>;
  /** `next` replaces what was read as `seenRev`. A `refused` may be the echo of a save that landed. */
  save(upstream: string, next: Health, seenRev: number): Promise<'saved' | 'refused'>;
}

/**
 * How the upstreams are, as all sandboxes know it: the retry budgets and the circuits. Never throws:
 * an upstream whose health cannot be told is taken for healthy.
 */
export interface UpstreamHealth {
  /** Reads how it is, should that not be known; `mayCall` then waits for less. */
  prefetch(upstream: string): void;
  /**
   * Whether a call may be made. The token or the probe's place that it needs is taken by asking; what
   * it comes to has to be reported, or what was taken given back.
   */
  mayCall(upstream: string, model: string, kind: CallKind): Promise<Passage>;
  /** The call was not made after all. */
  giveBack(upstream: string, model: string, taken: Taken): Promise<void>;
  report(use: UpstreamUse, evidence: Evidence): Promise<void>;
}

/** A model server that speaks one or both of OpenAI's protocols. */
export interface UpstreamServer {
  /** The name it has in the ledger. */
  readonly name: string;
  /** How `generate` and `responses` jobs are put to it; `chat` jobs always go as chat. */
  readonly protocol: Protocol;
  /** Whether a generation started with `background: true` goes on without us and can be resumed. */
  readonly adoptable: boolean;
  /**
   * One generation, as the upstream's own events, parsed. The iteration ends after the event that
   * ends the generation (responses), or at the stream's end once every finish reason came (chat);
   * else it throws: a Fault `upstream_*` with its retry reading, or the signal's reason once that
   * aborts. Ending the iteration early closes the connection.
   */
  open(call: UpstreamCall, signal: AbortSignal): AsyncIterable<JsonObject>;
  /** A background generation's events after `startingAfter`. Throws Fault `upstream_lost` when it is not there any more or cannot be streamed. */
  resume(
    upstreamId: string,
    startingAfter: number | undefined,
    signal: AbortSignal,
  ): AsyncIterable<JsonObject>;
  /** The generation's response object as it is now. Throws Fault `upstream_lost` when it is gone. */
  retrieve(upstreamId: string, signal: AbortSignal): Promise<JsonObject>;
  /** Stops a background generation; one that has ended or is gone is fine. */
  cancel(upstreamId: string, signal: AbortSignal): Promise<void>;
  /** The models it offers, as it lists them. */
  models(signal: AbortSignal): Promise<readonly JsonObject[]>;
}

/** The upstreams of the configuration, and which of them answers a model. */
export interface Upstreams {
  readonly defaultModel: string;
  /** Where a model is asked for, first choice first; the rest are fallbacks, with their own models. */
  route(model: string): readonly { readonly upstream: UpstreamServer; readonly model: string }[];
  /** By its name in the ledger; undefined when it is not configured any more. */
  named(name: string): UpstreamServer | undefined;
  all(): readonly UpstreamServer[];
}
