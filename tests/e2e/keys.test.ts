import { readFile } from 'node:fs/promises';
import path from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandEnd, runScript } from '../fixtures/command.ts';
import { type Service, startService } from '../fixtures/service.ts';
import { waitFor } from '../fixtures/wait-for.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.interrupt());

const keys = (line: string): Promise<CommandEnd> =>
  runScript('scripts/keys.ts', [...line.split(' '), '--data', service.dataDir]);

const createKey = async (tenant: string, flags = '') => {
  const { stdout } = await keys(`create --tenant ${tenant}${flags}`);
  const [secret = ''] = /sk-outlast-[\w-]{43}/.exec(stdout) ?? [];
  const [id = ''] = /key_\w+/.exec(stdout) ?? [];
  return { secret, id };
};

const clientWith = (apiKey: string, headers: Record<string, string | null> = {}) =>
  new OpenAI({ apiKey, baseURL: service.url, defaultHeaders: headers });

const generate = (client: OpenAI): Promise<unknown> =>
  client.post('/generate', { body: { prompt: 'hello' } });

/** What the client raises: `undefined` when it raises nothing. */
const raisedBy = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
const raised = (client: OpenAI): Promise<unknown> => raisedBy(generate(client));

describe.concurrent('the official client raises AuthenticationError', () => {
  // First, for it takes longest; only a few run at once.
  test('for a key in use within a minute of its revocation', async () => {
    const { secret, id } = await createKey('busy');
    const client = clientWith(secret);
    expect(await raised(client)).toBeUndefined();
    await keys(`revoke --tenant busy --id ${id}`);
    const fault = await waitFor(
      () => raisedBy(client.get('/v1/models')),
      (thrown) => thrown !== undefined,
      65_000,
    );
    expect(fault).toBeInstanceOf(OpenAI.AuthenticationError);
  });

  const unknown = `sk-outlast-${'A'.repeat(43)}`;
  test.each<[string, string, Record<string, string | null>]>([
    ['without a key', 'unused', { Authorization: null }],
    ['for an empty key', 'unused', { Authorization: 'Bearer ' }],
    ['for another scheme', 'unused', { Authorization: 'Basic dXNlcjpwYXNz' }],
    ['for a key of another service', 'sk-proj-0123456789', {}],
    ['for a malformed key', `${unknown}A`, {}],
    ['for an unknown key', unknown, {}],
  ])('%s', async (_case, apiKey, headers) => {
    const fault = await raised(clientWith(apiKey, headers));
    expect(fault).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(fault).toMatchObject({ status: 401, code: 'invalid_api_key', param: null });
  });

  test('for a key that was revoked before its first use', async () => {
    const { secret, id } = await createKey('unused');
    expect((await keys(`revoke --tenant unused --id ${id}`)).code).toBe(0);
    expect(await raised(clientWith(secret))).toBeInstanceOf(OpenAI.AuthenticationError);
  });
});

test.concurrent('a key made while the service runs is good at once, and its tenant owns the job', async () => {
  const { secret } = await createKey('acme');
  expect(await generate(clientWith(secret))).toMatchObject({ status: 'completed' });
});

test.concurrent('a key that may only read starts and ends nothing, and reads', async () => {
  const ofApi = { baseURL: `${service.url}/v1` };
  const writer = clientWith((await createKey('scoped')).secret).withOptions(ofApi);
  const { secret } = await createKey('scoped', ' --scopes read');
  const reader = clientWith(secret).withOptions(ofApi);
  const { id } = await writer.responses.create({ model: 'demo?tokens=3', input: 'Mine.' });

  const fault = await raised(clientWith(secret));
  expect(fault).toBeInstanceOf(OpenAI.PermissionDeniedError);
  expect(fault).toMatchObject({ status: 403, code: 'insufficient_scope', param: null });
  expect(String(fault)).toContain("lacks the scope 'generate', which POST /generate needs");
  for (const refused of [reader.responses.cancel(id), reader.responses.delete(id)])
    await expect(refused).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
  expect(await reader.responses.retrieve(id)).toMatchObject({ id, status: 'completed' });

  // The key as it is made without asking does all that a client does.
  expect(await writer.responses.cancel(id)).toMatchObject({ id, status: 'completed' });
  await writer.responses.delete(id);
  await expect(reader.responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
});

test.concurrent('a key that has expired is refused', async () => {
  const { secret } = await createKey('brief', ' --expires 1s');
  const { stdout } = await keys('list --tenant brief');
  expect(stdout).toMatch(/^key_\S+ +generate,read +20\S+Z +20\S+Z/m);
  const expiresAtMs = Date.parse(/Z +(20\S+Z)/.exec(stdout)?.[1] ?? '');
  await waitFor(
    () => Promise.resolve(Date.now()),
    (nowMs) => nowMs > expiresAtMs + 1_000,
    90_000,
  );
  const fault = await raised(clientWith(secret));
  expect(fault).toBeInstanceOf(OpenAI.AuthenticationError);
});

test.concurrent('a tenant’s limits are set and lifted while the service runs, the local one’s too', async () => {
  const tenants = (line: string) =>
    runScript('scripts/tenants.ts', [...line.split(' '), '--data', service.dataDir]);
  const set = await tenants('set --tenant local --queued-jobs 100 --models demo*');
  expect(set).toMatchObject({ code: 0, stderr: '' });
  expect((await tenants('list')).stdout).toMatch(/^Tenant local, [\s\S]*^models +demo\*$/m);
  expect(await generate(clientWith('sk-outlast-local'))).toMatchObject({ status: 'completed' });
  expect((await tenants('unset --tenant local --all')).code).toBe(0);
  expect((await tenants('show --tenant local')).stdout).toBe('The tenant local has no limits.');
});

test.concurrent('revoking one key leaves the tenant’s others', async () => {
  const [first, second] = [await createKey('two'), await createKey('two')];
  await keys(`revoke --tenant two --id ${first.id}`);
  expect(await raised(clientWith(second.secret))).toBeUndefined();
});

test.concurrent('what a run is reached by is gone when it has ended', async () => {
  const other = await startService();
  const endpointsPath = path.join(other.dataDir, 'endpoints.json');
  expect(JSON.parse(await readFile(endpointsPath, 'utf8'))).toMatchObject({ url: other.url });
  await other.interrupt();
  await expect(readFile(endpointsPath)).rejects.toThrow('ENOENT');
});
