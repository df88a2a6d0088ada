import type { ObservedCall } from '../harness/observed-service.ts';

/** When the steps of one job happened, in milliseconds since the epoch; what is missing is absent. */
export type JobTrace = {
  acceptedMs?: number;
  /** Its message: asked to be sent, and sent. */
  sendStartedAtMs?: number;
  sentAtMs?: number;
  /** Handed to the event source. */
  receivedAtMs?: number;
  /** What the worker asked of the table for it, from then on. */
  calls?: { readonly startedAtMs: number; readonly answeredAtMs: number }[];
  upstreamStartedAtMs?: number;
  upstreamEndedAtMs?: number;
  /** The write that ended it had been answered: from then on every reader is given the result. */
  readableAtMs?: number;
  /** A client that waited at the result URL had the whole answer. */
  readAtMs?: number;
};

const idPattern = /\b(?:gen|resp|chatcmpl)_[0-9a-f]{32}\b/g;

const writes: ReadonlySet<string> = new Set([
  'dynamodb:UpdateItem',
  'dynamodb:TransactWriteItems',
  'dynamodb:PutItem',
]);

/** The steps of each job, put together from the calls that were seen. */
export const createTraces = () => {
  const traces = new Map<string, JobTrace>();
  const of = (id: string): JobTrace => {
    const known = traces.get(id) ?? {};
    traces.set(id, known);
    return known;
  };
  const idsIn = (text: string): Set<string> => new Set(text.match(idPattern));

  return {
    of,
    observe: ({ action, body, answer, status, startedAtMs, answeredAtMs }: ObservedCall): void => {
      if (status !== 200) return;
      if (action === 'sqs:SendMessage') {
        for (const id of idsIn(JSON.stringify(body))) {
          of(id).sendStartedAtMs ??= startedAtMs;
          of(id).sentAtMs ??= answeredAtMs;
        }
        return;
      }
      if (action === 'sqs:ReceiveMessage') {
        for (const id of idsIn(answer.toString())) of(id).receivedAtMs ??= answeredAtMs;
        return;
      }
      if (!action.startsWith('dynamodb:')) return;
      const text = JSON.stringify(body);
      for (const id of idsIn(text)) {
        const trace = of(id);
        if (trace.receivedAtMs === undefined) continue;
        trace.calls = [...(trace.calls ?? []), { startedAtMs, answeredAtMs }];
      }
      if (writes.has(action)) {
        if (!text.includes('{"S":"completed"}')) return;
        for (const id of idsIn(text)) of(id).readableAtMs ??= answeredAtMs;
      }
    },
  };
};

type Step = Exclude<keyof JobTrace, 'calls'>;

/** The time from one step to another, of each trace that has both. */
export const between = (traces: readonly JobTrace[], from: Step, to: Step): number[] =>
  traces.flatMap((trace) => {
    const [start, end] = [trace[from], trace[to]];
    return start === undefined || end === undefined ? [] : [end - start];
  });

/** How often the table was asked between a job's message and its upstream call, and for how long. */
export const tableBeforeUpstream = (traces: readonly JobTrace[]) => {
  const before = traces.map(({ calls = [], upstreamStartedAtMs = 0 }) =>
    calls.filter(({ startedAtMs }) => startedAtMs < upstreamStartedAtMs),
  );
  return {
    counts: before.map((calls) => calls.length),
    ms: before.map((calls) =>
      calls.reduce((sum, call) => sum + call.answeredAtMs - call.startedAtMs, 0),
    ),
  };
};
