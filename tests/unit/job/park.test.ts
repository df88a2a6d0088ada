import { describe, expect, it } from 'vitest';
import { dueAction } from '../../../lib/job/due.ts';
import { attend } from '../../../lib/job/follow.ts';
import type { Job } from '../../../lib/job/job.ts';
import { cancel } from '../../../lib/job/outside.ts';
import {
  isKeptQueued,
  isParked,
  lookLater,
  lookNow,
  mayLookIn,
  nextLookAtMs,
  park,
  shownStatus,
} from '../../../lib/job/park.ts';
import { after } from '../../../lib/job/time.ts';
import { begin, claim } from '../../../lib/job/transition.ts';
import { needsSlot } from '../../../lib/job/turn.ts';
import { applyWrite, type JobWrite } from '../../../lib/job/write.ts';
import { newJob } from '../../fixtures/new-job.ts';

const written = (job: Job, write: JobWrite): Job => {
  const next = applyWrite(job, write);
  if (next === undefined) throw new Error(`${write.name} was refused`);
  return next;
};

const queued = newJob('queued');
const nowMs = queued.createdAtMs;
const by = { owner: 'worker', upstream: 'first', model: 'm', nowMs };
const running = written(
  written(queued, claim(queued, by)),
  begin(written(queued, claim(queued, by)), 'up_1', nowMs),
);
const parked = written(running, park(running, after(nowMs, 5_000), nowMs));
const at = (ms: number) => after(nowMs, ms);

describe('a parked job', () => {
  it('is one that may not be claimed yet, with its generation and without a strike', () => {
    expect(parked).toMatchObject({
      status: 'queued',
      upstreamId: 'up_1',
      strikes: 0,
      notBeforeMs: at(5_000),
      ledger: [{ outcome: 'promoted', generation: 1 }],
    });
    expect(applyWrite(parked, claim(parked, { ...by, nowMs: at(4_999) }))).toBeUndefined();
    expect(isParked(parked)).toBe(true);
    expect(mayLookIn(parked)).toBe(true);
    expect(shownStatus(parked)).toBe('in_progress');
  });

  it('is no longer parked once it is claimed', () => {
    const claimed = written(parked, claim(parked, { ...by, nowMs: at(5_000) }));
    expect(isParked(claimed)).toBe(false);
    expect(claimed.waitingFor).toBeUndefined();
  });

  it('keeps its slot of its tenant', () => {
    expect(needsSlot(parked, nowMs)).toBe(true);
  });

  it('is sent for by the sweep when its message is overdue, and not before', () => {
    expect(dueAction(parked, at(5_000)).kind).toBe('nothing');
    expect(dueAction(parked, at(126_000))).toMatchObject({ kind: 'write', send: true });
  });

  it('owes a stop when it is cancelled', () => {
    expect(written(parked, cancel(parked, nowMs))).toMatchObject({ stopOwed: true });
  });

  it('is due no later than its deadline, however often it is looked at', () => {
    let job = parked;
    for (let ms = 5_000; ; ) {
      const lookAtMs = nextLookAtMs(job, at(ms), 5_000);
      if (lookAtMs === undefined) break;
      job = written(job, lookLater(job, lookAtMs, at(ms)));
      expect(job.dueAtMs).toBeGreaterThan(lookAtMs);
      expect(job.dueAtMs).toBeLessThanOrEqual(job.deadlineAtMs);
      ms = lookAtMs - nowMs;
    }
    expect(job.deadlineAtMs - job.notBeforeMs).toBe(15_000);
  });
});

describe('a look', () => {
  it('comes later the longer the generation has run, and within a minute', () => {
    const pauses = [0, 10_000, 80_000, 400_000, 900_000].map(
      (ms) => (nextLookAtMs(parked, at(ms), 5_000) ?? 0) - at(ms),
    );
    expect(pauses).toEqual([5_000, 5_000, 10_000, 50_000, 60_000]);
  });

  it('comes soon while somebody keeps asking', () => {
    const asked = { ...parked, followedUntilMs: at(400_001) };
    expect(nextLookAtMs(asked, at(400_000), 5_000)).toBe(at(405_000));
  });

  it('leaves the due index alone while it can', () => {
    const first = lookLater(parked, at(30_000), at(20_000));
    expect(first.set).not.toHaveProperty('dueAtMs');
    expect(lookLater(parked, at(80_000), at(70_000)).set.dueAtMs).toBe(at(200_000));
  });

  it('is undone by a claim or another look', () => {
    const claimed = written(parked, claim(parked, { ...by, nowMs: at(5_000) }));
    const looked = written(parked, lookLater(parked, at(10_000), at(5_000)));
    for (const changed of [claimed, looked]) {
      expect(applyWrite(changed, lookLater(parked, at(11_000), at(6_000)))).toBeUndefined();
      expect(
        applyWrite(changed, lookNow(parked, { followedUntilMs: at(20_000) }, at(6_000))),
      ).toBeUndefined();
    }
  });

  it('finds a generation that its upstream has kept queued for two minutes', () => {
    expect(isKeptQueued(parked, at(119_999))).toBe(false);
    expect(isKeptQueued(parked, at(120_000))).toBe(true);
  });
});

describe('a reader', () => {
  const stream = { kind: 'stream' } as const;
  const glance = { kind: 'glance' } as const;
  const wait = { kind: 'wait', untilMs: at(60_000) } as const;

  it('sends for a parked job, a second one does not', () => {
    for (const reader of [stream, glance, wait]) {
      const far = written(parked, lookLater(parked, at(60_000), nowMs));
      const mark = attend(far, reader, nowMs);
      expect(mark).toMatchObject({ send: true, write: { set: { notBeforeMs: 0 } } });
      if (mark === undefined) continue;
      expect(attend(written(far, mark.write), reader, nowMs)).toBeUndefined();
    }
  });

  it('who only glances leaves a look that is near where it is', () => {
    expect(attend(parked, glance, nowMs)).toMatchObject({ send: false, write: { name: 'follow' } });
  });

  it('who waits sends even where others were waiting before it was parked', () => {
    const raced = { ...parked, awaitedUntilMs: at(70_000), followedUntilMs: at(9_000) };
    expect(attend(raced, wait, nowMs)?.send).toBe(true);
  });

  it('never shortens how long others wait', () => {
    const waited = written(running, attend(running, wait, nowMs)?.write ?? claim(running, by));
    expect(waited.awaitedUntilMs).toBe(at(60_000));
    expect(attend(waited, stream, at(9_000))?.write.set.awaitedUntilMs).toBe(at(60_000));
  });

  it('of a running job writes again only when what it wrote is half over', () => {
    const mark = attend(running, stream, nowMs);
    const marked = written(running, mark?.write ?? claim(running, by));
    expect(mark?.send).toBe(false);
    expect(attend(marked, stream, at(4_000))).toBeUndefined();
    expect(attend(marked, stream, at(6_000))).toBeDefined();
  });

  it('of a job that nobody has begun has nothing to say', () => {
    for (const reader of [stream, glance, wait])
      expect(attend(queued, reader, nowMs)).toBeUndefined();
  });
});
