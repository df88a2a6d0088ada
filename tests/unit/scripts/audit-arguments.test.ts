import { describe, expect, it } from 'vitest';
import { parseAuditCommand } from '../../../scripts/audit/arguments.ts';

const nowMs = Date.parse('2026-11-20T12:00:00Z');
const minuteMs = 60_000;
const parse = (...args: readonly string[]) => parseAuditCommand(args, nowMs);

describe('what the audit is asked for', () => {
  it('is everything, of the local table, unless it is told otherwise', () => {
    const { fromMs, toMs, ...rest } = parse();
    expect(fromMs).toBe(0);
    expect(toMs).toBeGreaterThan(nowMs);
    expect(rest).toEqual({
      target: { kind: 'local', dataDir: '.outlast' },
      tenant: undefined,
      json: false,
    });
  });

  it.each([
    ['90s', nowMs - 90_000],
    ['30m', nowMs - 30 * minuteMs],
    ['24h', nowMs - 24 * 60 * minuteMs],
    ['7d', nowMs - 7 * 24 * 60 * minuteMs],
    ['2026-11-19', Date.parse('2026-11-19T00:00:00Z')],
    ['2026-11-19T10:30Z', Date.parse('2026-11-19T10:30:00Z')],
    ['2026-11-19T10:30:00+02:00', Date.parse('2026-11-19T08:30:00Z')],
  ])('from %s is a moment', (text, fromMs) => {
    expect(parse('--from', text).fromMs).toBe(fromMs);
  });

  it('is of one tenant and one stage, for a program', () => {
    expect(parse('--tenant', 'acme', '--stage', 'prod', '--json', '--to', '1h')).toMatchObject({
      tenant: 'acme',
      json: true,
      toMs: nowMs - 60 * minuteMs,
      target: { kind: 'deployed', stage: 'prod' },
    });
  });

  it.each([
    [['--from', 'yesterday'], '--from yesterday is neither'],
    [['--to', '2026-11-19T10:30'], '--to 2026-11-19T10:30 is neither'],
    [['--from', '2026-13-40'], 'is neither'],
    [['--from', '1h', '--to', '2h'], '--from is not before --to'],
    [['all'], 'Unknown argument all'],
    [['--tenants', 'x'], "Unknown option '--tenants'"],
    [['--tenant', ''], '--tenant is empty'],
    [['--region', 'eu-west-1'], '--region needs --stage'],
  ])('%j is refused, with how it is used', (args, why) => {
    expect(() => parse(...args)).toThrow(why);
    expect(() => parse(...args)).toThrow('Usage: npm run audit');
  });
});
