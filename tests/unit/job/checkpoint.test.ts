import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkpointDue, extendSegments, transcriptText } from '../../../lib/job/checkpoint.ts';
import { after } from '../../../lib/job/time.ts';
import { noonMs } from '../../fixtures/new-job.ts';

describe('transcriptText', () => {
  const chunk = (attempt: number, first: number, ...deltas: string[]) => ({
    attempt,
    first,
    deltas,
  });

  it('joins the chunks in order, however they are cut and in whatever order they come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.nat(20),
        fc.boolean(),
        (parts, start, reversed) => {
          let first = start + 1;
          const chunks = parts.map((deltas) => {
            const made = chunk(2, first, ...deltas);
            first += deltas.length;
            return made;
          });
          const segments = [{ attempt: 2, upTo: first - 1 }];
          const text = transcriptText({ segments }, reversed ? chunks.toReversed() : chunks);
          return text === parts.flat().join('');
        },
      ),
    );
  });

  it('leaves out what an attempt put beyond its segment, and attempts that do not count', () => {
    const segments = [{ attempt: 2, upTo: 4 }];
    const chunks = [chunk(1, 1, 'lost ', 'attempt'), chunk(2, 3, 'a', 'b'), chunk(2, 5, 'late')];
    expect(transcriptText({ segments }, chunks)).toBe('ab');
    expect(transcriptText({ segments: [{ attempt: 2, upTo: 3 }] }, chunks)).toBe('a');
  });

  it('reads an adopted generation across the attempts that wrote it', () => {
    const segments = [
      { attempt: 1, upTo: 2 },
      { attempt: 2, upTo: 3 },
    ];
    expect(transcriptText({ segments }, [chunk(1, 1, 'a', 'b'), chunk(2, 3, 'c')])).toBe('abc');
  });

  it('says that a chunk is missing rather than return less', () => {
    const segments = [{ attempt: 1, upTo: 5 }];
    expect(transcriptText({ segments }, [chunk(1, 1, 'a', 'b')])).toBeUndefined();
    expect(
      transcriptText({ segments }, [chunk(1, 1, 'a', 'b'), chunk(1, 4, 'd', 'e')]),
    ).toBeUndefined();
    expect(transcriptText({ segments }, [])).toBeUndefined();
    expect(transcriptText({ segments: [] }, [])).toBe('');
  });
});

describe('extendSegments', () => {
  it('moves the attempt’s own segment and keeps the others', () => {
    const before = [
      { attempt: 1, upTo: 4 },
      { attempt: 2, upTo: 6 },
    ];
    expect(extendSegments(before, 2, 9)).toEqual([
      { attempt: 1, upTo: 4 },
      { attempt: 2, upTo: 9 },
    ]);
  });
});

describe('checkpointDue', () => {
  const at = { pendingBytes: 10, lastCheckpointAtMs: noonMs, followed: false };

  it('comes each second while somebody follows, else every ten', () => {
    expect(checkpointDue({ ...at, followed: true, nowMs: after(noonMs, 1_000) })).toBe(true);
    expect(checkpointDue({ ...at, nowMs: after(noonMs, 9_999) })).toBe(false);
    expect(checkpointDue({ ...at, nowMs: after(noonMs, 10_000) })).toBe(true);
  });

  it('comes early when a chunk is full, and never when there is nothing to write', () => {
    expect(checkpointDue({ ...at, pendingBytes: 200_000, nowMs: noonMs })).toBe(true);
    expect(checkpointDue({ ...at, pendingBytes: 0, nowMs: after(noonMs, 60_000) })).toBe(false);
  });
});
