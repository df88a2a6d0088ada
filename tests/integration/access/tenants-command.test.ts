import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startAccount } from '../../fixtures/aws-account.ts';
import { runScript } from '../../fixtures/command.ts';
import { startTable, type TableEmulator } from '../../fixtures/emulators.ts';

let table: TableEmulator;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

/** On a stage that is deployed. */
const tenants = async (line: string) => {
  const server = await startAccount({
    stack: { status: 'UPDATE_COMPLETE', outputs: { TableName: table.tableName } },
    parameters: [],
    concurrentExecutions: 10,
    throttleRate: 1,
    denied: [],
  });
  onTestFinished(() => server.close());
  return runScript('scripts/tenants.ts', [...line.split(' '), '--stage', 'prod'], {
    ...server.environment,
    AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
  });
};

test('what is set is shown with its units, and when it counts', async () => {
  const set = await tenants(
    'set --tenant acme --requests-per-minute 60 --result-ttl 3600 --models gpt-5*,demo --callback-hosts none --upstream-objects no',
  );
  expect(set).toMatchObject({ code: 0, stderr: '' });
  for (const line of [
    /^requests per minute +60$/m,
    /^results kept at most +3600 s after the job’s deadline$/m,
    /^models +gpt-5\*, demo$/m,
    /^callback hosts +none$/m,
    /^objects of the upstream’s account +refused$/m,
    /takes effect within a minute/,
  ]) {
    expect(set.stdout).toMatch(line);
  }
  const shown = await tenants('show --tenant acme');
  expect(set.stdout.startsWith(shown.stdout)).toBe(true);
  expect((await tenants('list')).stdout).toBe(shown.stdout);

  const unset = await tenants('unset --tenant acme --models --callback-hosts');
  expect(unset.stdout).not.toMatch(/^(models|callback)/m);
  expect(unset.stdout).toMatch(/^requests per minute +60$/m);
  expect((await tenants('unset --tenant acme --all')).stdout).toMatch(
    /^The tenant acme has no limits\.\nIt takes effect within a minute/,
  );
  expect((await tenants('show --tenant acme')).stdout).toBe('The tenant acme has no limits.');
  expect((await tenants('list')).stdout).toBe('No tenant has limits.');
});

test.each([
  ['set --tenant acme --jobs-in-flight 501', "Invalid 'jobsInFlight': expected a whole number"],
  ['set --tenant acme --upstream-objects perhaps', "'upstreamObjects': expected true or false"],
  ['set --tenant Acme --queued-jobs 1', '"Acme" is no name for a tenant'],
  ['set --tenant acme', 'There is no limit to set. Usage: npm run tenants -- '],
])('%s fails in one line', async (line, fault) => {
  const { code, stdout, stderr } = await tenants(line);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^[^\n]+$/);
  expect(stderr).toContain(fault);
});
