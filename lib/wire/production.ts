import type { Usage } from '../job/job.ts';

export type JsonObject = { readonly [field: string]: unknown };

/** The two protocols an upstream may speak: chat completions or responses. */
export type Protocol = 'chat' | 'responses';

/** One request to an upstream; always streamed. */
export type UpstreamCall = { readonly protocol: Protocol; readonly body: JsonObject };

/** How a generation ended, as its upstream told it. */
export type Finish = {
  readonly status: 'completed' | 'incomplete' | 'failed' | 'cancelled';
  /** What is kept of it: the job's final object, without what only the reader of the job knows. */
  readonly final: unknown;
  readonly usage: Usage | undefined;
  /** The model that answered, as the upstream names it. */
  readonly model: string;
  /** The upstream's own error, when it failed. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
};

/** What one upstream event means for the job. */
export type Reading = {
  /** What is appended to the transcript: a text delta, or an event as JSON. */
  readonly entries: readonly string[];
  /** The upstream's name for the generation, from its first event on, where it can be resumed. */
  readonly upstreamId?: string;
  /** The upstream's sequence number of this event. */
  readonly upstreamSeq?: number;
  readonly model?: string;
  /** Set by the event that ends a generation of the responses protocol. */
  readonly finish?: Finish;
};

/** Reads the events of one attempt in order. */
export type EventReader = {
  /** Throws Fault `upstream_malformed` for what is no event of the protocol. */
  read(event: JsonObject): Reading;
  /** The stream has ended: how the generation did, or undefined when it was cut. */
  end(): Finish | undefined;
};

/** How a job's request is put to an upstream, and how what comes back is read. */
export type Production = {
  readonly call: UpstreamCall;
  begin(): EventReader;
};
