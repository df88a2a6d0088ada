import {
  internalError,
  throttling,
  throughputExceeded,
} from '../../fixtures/deployment/aws-proxy.ts';
import type { Fate } from '../../fixtures/deployment/aws-relay.ts';
import type { FaultLine } from '../journal.ts';
import { randomOf } from '../prng.ts';
import { calledJob } from './called-job.ts';
import type { ProxiedCall } from './fault-proxy.ts';

type Named = { readonly name: string; readonly fate: Fate };

const tableFates: readonly Named[] = [
  { name: 'throttled', fate: throttling },
  { name: 'throughput exceeded', fate: throughputExceeded },
  { name: '500', fate: internalError },
  { name: 'reset before', fate: 'reset' },
  { name: 'timed out before', fate: 'silent' },
  { name: 'reset after it took effect', fate: 'unanswered' },
  { name: 'timed out after it took effect', fate: 'mute' },
];
const queueFates: readonly Named[] = [
  { name: '500', fate: internalError },
  { name: 'refused', fate: { status: 403, type: 'com.amazonaws.sqs#AccessDenied' } },
  { name: 'reset before', fate: 'reset' },
  { name: 'reset after it took effect', fate: 'unanswered' },
  { name: 'timed out after it took effect', fate: 'mute' },
];
/** The local runtime's own calls have no time limit, as Lambda's are not ours to time out. */
const eventSourceFates: readonly Named[] = [
  { name: '500', fate: internalError },
  { name: 'reset after it took effect', fate: 'unanswered' },
];

const shares: Readonly<Record<string, number>> = {
  'sqs:SendMessage': 0.12,
  'sqs:ChangeMessageVisibility': 0.1,
  'sqs:DeleteMessageBatch': 0.05,
};
const tableShare = 0.02;
/** Of the faults that meet all the SDK's repetitions of a call, so that it fails for its caller. */
const stubbornShare = 0.4;

const shareOf = (action: string): number =>
  action.startsWith('dynamodb:') ? tableShare : (shares[action] ?? 0);

const fatesOf = ({ action, pid }: ProxiedCall): readonly Named[] => {
  if (action.startsWith('dynamodb:')) return tableFates;
  return pid === undefined ? eventSourceFates : queueFates;
};

export type CallFaultsOptions = {
  readonly seed: number;
  readonly note: (line: FaultLine) => void;
  /** Whether faults of this service are to happen now. */
  readonly active: (service: 'dynamodb' | 'sqs') => boolean;
};

/** Draws the fate of each call; a stubborn fault is also that of the call's repetitions. */
export const callFaults = ({ seed, note, active }: CallFaultsOptions) => {
  const random = randomOf(seed, 'calls');
  const stubborn = new Map<string, Named>();
  return (call: ProxiedCall): Fate => {
    const { action, invocationId, pid } = call;
    if (!active(action.startsWith('sqs:') ? 'sqs' : 'dynamodb')) return 'pass';
    let named = stubborn.get(invocationId);
    if (named === undefined) {
      if (!random.chance(shareOf(action))) return 'pass';
      named = random.pick(fatesOf(call));
      if (random.chance(stubbornShare)) stubborn.set(invocationId, named);
    }
    const jobId = calledJob(call);
    note({
      kind: action.startsWith('sqs:') ? `${action} ${named.name}` : `table ${named.name}`,
      atMs: Date.now(),
      detail: action,
      ...(pid === undefined ? {} : { pid }),
      ...(jobId === undefined ? {} : { jobId }),
    });
    return named.fate;
  };
};
