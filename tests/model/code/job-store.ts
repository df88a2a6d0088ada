import { isEnded, type Job } from '../../../lib/job/job.ts';
import { applyWrite, type JobWrite } from '../../../lib/job/write.ts';
import type { CreateOutcome, JobStore, WriteOutcome } from '../../../lib/ports/jobs.ts';
import { type Bent, land } from '../protocol/step.ts';
import { noAnswer } from './no-answer.ts';
import type { Stage, Way } from './stage.ts';

/** An actor's writes, with all that can come of each. */
const writes = (stage: Stage, actor: string, { weaken, trusting }: Bent) => {
  let isLost = false;
  const commit = (asked: JobWrite): Job | undefined => {
    const write = weaken?.(asked) ?? asked;
    const { job } = stage.facts;
    if (job === undefined) return undefined;
    const next = land({ ...stage.facts, job }, write, actor);
    const isFenced = write.set.writeNo !== undefined && write.name !== 'claim';
    if (next === undefined) {
      if (isFenced && (job.owner !== ownerIn(asked) || isEnded(job))) isLost = true;
      return undefined;
    }
    if (isFenced && isLost) stage.broken ??= 'an attempt wrote after it had lost the job';
    stage.facts = next;
    return next.job;
  };

  const ways = (write: JobWrite): readonly Way<WriteOutcome>[] => {
    const { name } = write;
    const told = (job: Job | undefined): WriteOutcome =>
      job === undefined ? { kind: 'refused' } : { kind: 'written', job };
    const untold = (): WriteOutcome => {
      const { job } = stage.facts;
      const believed = trusting && job !== undefined ? bendTo(job, write) : undefined;
      return believed === undefined
        ? { kind: 'doubtful', cause: new Error('no answer') }
        : { kind: 'written', job: believed };
    };
    return [
      { label: name, act: () => told(commit(write)) },
      { label: `${name} lost`, cost: 'doubts', act: untold },
      {
        label: `${name} unanswered, landed`,
        cost: 'doubts',
        act: () => {
          commit(write);
          return untold();
        },
      },
      {
        label: `${name} landed, repetition refused`,
        cost: 'doubts',
        act: () => {
          commit(write);
          return { kind: 'refused' };
        },
      },
      {
        label: `${name} unanswered, under way`,
        cost: 'doubts',
        act: () => {
          stage.change({ late: [...stage.facts.late, { write, by: actor }] });
          return untold();
        },
      },
    ];
  };
  return (write: JobWrite): Promise<WriteOutcome> =>
    stage.call(actor, write.name, () => ways(write));
};

const ownerIn = ({ when }: JobWrite): unknown => {
  const clause = when.find(({ field }) => field === 'owner');
  return clause !== undefined && 'is' in clause ? clause.is : undefined;
};

/** What somebody believes who takes a write for landed. */
const bendTo = (job: Job, write: JobWrite): Job | undefined =>
  applyWrite(job, { ...write, when: [] });

/** The store of the one job there is, as one actor has it. */
export const jobStore = (stage: Stage, actor: string, bent: Bent): JobStore => {
  const put = (job: Job): CreateOutcome => {
    const { job: present } = stage.facts;
    if (present !== undefined) {
      if (present.id !== job.id) stage.broken ??= 'one request became two jobs';
      return { kind: 'refused' };
    }
    const { holders } = stage.facts;
    const held = job.status === 'in_progress' ? [...holders, { attempt: 1, by: actor }] : holders;
    stage.change({ job, holders: held });
    return { kind: 'created' };
  };
  return {
    create: (job) =>
      stage.call(actor, 'create', () => [
        { label: 'create', act: () => put(job) },
        {
          label: 'create unanswered, landed',
          cost: 'doubts',
          act: (): CreateOutcome => {
            put(job);
            return { kind: 'doubtful', cause: new Error('no answer') };
          },
        },
        {
          label: 'create lost',
          cost: 'doubts',
          act: (): CreateOutcome => ({ kind: 'doubtful', cause: new Error('no answer') }),
        },
      ]),
    load: (id) =>
      stage.call(actor, 'load', () => [
        { label: 'load', act: () => (stage.facts.job?.id === id ? stage.facts.job : undefined) },
        {
          label: 'load fails',
          cost: 'losses',
          act: () => {
            throw noAnswer('store_unavailable');
          },
        },
      ]),
    write: writes(stage, actor, bent),
    withdraw: (write) =>
      stage.call(actor, 'withdraw', () => [
        {
          label: 'withdraw',
          act: () => {
            const { job } = stage.facts;
            if (job === undefined || applyWrite(job, write) === undefined) return 'refused';
            stage.change({ job: undefined });
            return 'withdrawn';
          },
        },
      ]),
    condemn: async () => 'spared',
    list: async () => [],
    due: async (shard, atMs) => {
      const { job } = stage.facts;
      return shard === 0 && job?.dueAtMs !== undefined && job.dueAtMs <= atMs ? [job.id] : [];
    },
  };
};
