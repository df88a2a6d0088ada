import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';

/** A log that is kept line by line, as JSON, so that what was known is there whatever happens. */
export type Journal<Line> = {
  note(line: Line): void;
  close(): Promise<void>;
};

export const openJournal = <Line>(path: string): Journal<Line> => {
  const file: WriteStream = createWriteStream(path, { flags: 'a' });
  return {
    note: (line) => void file.write(`${JSON.stringify(line)}\n`),
    close: async () => {
      file.end();
      await once(file, 'close');
    },
  };
};

/** What a client did once, and what it was told. Times are milliseconds since the epoch. */
export type ClientLine = {
  readonly what: 'submit' | 'read' | 'resume' | 'cancel' | 'delete';
  readonly name: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Of the HTTP answer; absent when none came. */
  readonly httpStatus?: number;
  /** The connection broke, by the client itself or by the other side, or there was none. */
  readonly broken?: 'left' | 'cut' | 'refused';
  readonly jobId?: string;
  /** The job's, as the answer told it. */
  readonly status?: string;
  /** The whole text, of an answer that told it. */
  readonly text?: string;
  /** The pieces of a stream that was seen from its beginning to its end. */
  readonly streamed?: string;
  readonly errorCode?: string;
  readonly replayed?: boolean;
};

/** A fault that was injected, and at what. */
export type FaultLine = {
  readonly kind: string;
  readonly atMs: number;
  /** When it was over, if it lasted. */
  readonly untilMs?: number;
  readonly pid?: number;
  readonly functionName?: string;
  readonly jobId?: string;
  readonly detail?: string;
};

/** A sandbox called the table for a job: who would be harmed if that sandbox died. */
export type TouchLine = {
  readonly kind: 'touch';
  readonly pid: number;
  readonly jobId: string;
  readonly firstMs: number;
  readonly lastMs: number;
};
