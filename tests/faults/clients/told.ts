/** What an answer says of a job, whichever API it is of. */
export type Told = {
  readonly jobId?: string;
  readonly status?: string;
  /** The whole text of a generation that has ended with one. */
  readonly text?: string;
  /** The pieces of a stream so far, joined. */
  readonly pieces?: string;
  /** The same once it showed its end. */
  readonly streamed?: string;
  readonly resultUrl?: string;
  readonly errorCode?: string;
  /** The last event of a stream that can be resumed. */
  readonly lastSeq?: number;
};
