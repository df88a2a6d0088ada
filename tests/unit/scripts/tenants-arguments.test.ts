import { expect, test } from 'vitest';
import { limitNames } from '../../../lib/wire/tenant-limits.ts';
import { parseTenantsCommand } from '../../../scripts/tenants/arguments.ts';
import { limitFlags } from '../../../scripts/tenants/limit-flags.ts';

const parse = (line: string) => parseTenantsCommand(line.split(' '));
const local = { kind: 'local', dataDir: '.outlast' };

test('every limit has a flag', () => {
  expect(Object.keys(limitFlags).toSorted()).toEqual(limitNames.toSorted());
});

test('set takes numbers, lists and yes or no', () => {
  const line = `set --tenant acme --requests-per-minute 60 --jobs-in-flight 5 --queued-jobs 100
    --waiting 20 --tokens-per-day 1000000 --models gpt-5*,demo --callback-hosts a.example,*.b.example
    --result-ttl 3600 --upstream-objects yes`;
  expect(parse(line.replace(/\s+/g, ' '))).toEqual({
    verb: 'set',
    tenant: 'acme',
    target: local,
    limits: {
      requestsPerMinute: 60,
      jobsInFlight: 5,
      queuedJobs: 100,
      waiting: 20,
      tokensPerDay: 1_000_000,
      models: ['gpt-5*', 'demo'],
      callbackHosts: ['a.example', '*.b.example'],
      resultTtlSeconds: 3600,
      upstreamObjects: true,
    },
  });
});

test('no hosts at all is a list too', () => {
  expect(parse('set --tenant a --callback-hosts none')).toMatchObject({
    limits: { callbackHosts: [] },
  });
});

test('what is no number is left for the limit to refuse', () => {
  expect(parse('set --tenant a --jobs-in-flight 5x')).toMatchObject({
    limits: { jobsInFlight: '5x' },
  });
});

test('unset names limits, or all of them', () => {
  expect(parse('unset --tenant acme --models --result-ttl --stage prod')).toEqual({
    verb: 'unset',
    tenant: 'acme',
    target: { kind: 'deployed', stage: 'prod', region: undefined, table: undefined },
    limits: ['models', 'resultTtlSeconds'],
  });
  expect(parse('unset --tenant acme --all')).toMatchObject({ limits: 'all' });
});

test('show and list read', () => {
  expect(parse('show --tenant acme')).toEqual({ verb: 'show', tenant: 'acme', target: local });
  expect(parse('list --table T')).toMatchObject({ verb: 'list', target: { table: 'T' } });
});

test.each([
  ['', 'Unknown command .'],
  ['frob', 'Unknown command frob.'],
  ['--tenant a', 'What is to be done?'],
  ['show', '--tenant is missing.'],
  ['set --models a', '--tenant is missing.'],
  ['set --tenant a', 'There is no limit to set.'],
  ['set --tenant a --models', "Option '--models <value>' argument missing."],
  ['set --tenant a --models= --queued-jobs 1', '--models is empty.'],
  ['set --tenant a --models x --all', "Unknown option '--all'."],
  ['unset --tenant a', 'There is no limit to lift.'],
  ['unset --tenant a --models --all', '--all stands alone.'],
  ['unset --tenant a --models gpt', 'Unknown argument gpt.'],
  ['list --tenant a', '--tenant is not for list.'],
  ['show --tenant a --models', "Unknown option '--models'."],
  ['list --region eu-west-1', '--region needs --stage or --table.'],
])('%j is refused with what is wrong and how it is used', (line, fault) => {
  expect(() => parse(line)).toThrow(fault);
  expect(() => parse(line)).toThrow(/ Usage: npm run tenants -- [^\n]*--tokens-per-day N[^\n]*$/);
});
