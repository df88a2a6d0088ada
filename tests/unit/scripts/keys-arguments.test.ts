import { expect, test } from 'vitest';
import { parseKeysCommand } from '../../../scripts/keys/arguments.ts';

const parse = (line: string) => parseKeysCommand(line.split(' '));

test('without a stage the local table is meant', () => {
  expect(parse('create --tenant acme')).toEqual({
    verb: 'create',
    tenant: 'acme',
    scopes: undefined,
    expires: undefined,
    target: { kind: 'local', dataDir: '.outlast' },
  });
  expect(parse('list --tenant acme --data /tmp/x').target).toEqual({
    kind: 'local',
    dataDir: '/tmp/x',
  });
});

test('a stage, a region and a table name a deployed one', () => {
  expect(parse('revoke --tenant acme --id key_1 --stage prod --region eu-west-1')).toEqual({
    verb: 'revoke',
    tenant: 'acme',
    keyId: 'key_1',
    target: { kind: 'deployed', stage: 'prod', region: 'eu-west-1', table: undefined },
  });
  expect(parse('list --tenant acme --table T').target).toMatchObject({ table: 'T' });
});

test('a rotation concerns all tenants', () => {
  expect(parse('rotate-signing --stage prod')).toEqual({
    verb: 'rotate-signing',
    target: { kind: 'deployed', stage: 'prod', region: undefined, table: undefined },
  });
});

test('scopes are separated by commas', () => {
  expect(parseKeysCommand(['create', '--tenant', 'a', '--scopes', 'read, admin'])).toMatchObject({
    scopes: ['read', 'admin'],
  });
});

test.each([
  ['', 'Unknown command .'],
  ['frob --tenant a', 'Unknown command frob.'],
  ['create', '--tenant is missing.'],
  ['create --tenant', "Option '--tenant <value>' argument missing."],
  ['create --tenant a b', 'Unknown argument b.'],
  ['create --tenant a --frob', "Unknown option '--frob'."],
  ['create --tenant a --id key_1', '--id is not for create.'],
  ['list --tenant a --scopes read', '--scopes is not for list.'],
  ['revoke --tenant a --id key_1 --expires 9d', '--expires is not for revoke.'],
  ['rotate-signing --tenant a', '--tenant is not for rotate-signing.'],
  ['revoke --tenant a', '--id is missing: list shows the ids.'],
  ['list --tenant a --region eu-west-1', '--region needs --stage or --table.'],
  ['list --tenant a --stage prod --data d', '--data is for the local table'],
  ['list --tenant a --stage ../x', '"../x" is no stage.'],
  ['list --tenant= --stage prod', '--tenant is empty.'],
])('%j is refused with what is wrong and how it is used', (line, fault) => {
  expect(() => parse(line)).toThrow(fault);
  expect(() => parse(line)).toThrow(/ Usage: npm run keys -- [^\n]*$/);
});
