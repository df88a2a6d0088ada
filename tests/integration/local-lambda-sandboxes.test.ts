import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  type FunctionSpec,
  type LambdaOptions,
  type LocalLambda,
  startLambda,
} from '../../local/lambda/lambda.ts';
import { fixtureSpec } from '../fixtures/lambda/fixture-spec.ts';

let folder: string;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'outlast-sandboxes-'));
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function lambda(specs: FunctionSpec[], options: LambdaOptions = {}) {
  const started = await startLambda(specs, options);
  closing.push(started.close);
  return started;
}

function pids({ status }: LocalLambda): number[] {
  return status().flatMap(({ sandboxes }) => sandboxes.map(({ pid }) => pid));
}

function busy({ status }: LocalLambda): number[] {
  return status().flatMap(({ sandboxes }) =>
    sandboxes.filter((sandbox) => sandbox.busy).map(({ pid }) => pid),
  );
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('events one after another share a sandbox', async () => {
  const started = await lambda([fixtureSpec('functions.echo')]);
  for (const runs of [1, 2, 3]) {
    expect(await started.invoke('echo', {})).toMatchObject({ payload: { runs } });
  }
  expect(pids(started)).toHaveLength(1);
  expect(started.status()).toMatchObject([{ invocations: 3 }]);
});

test('a module can be loaded before the function, such as one that shifts the clock', async () => {
  const preload = path.join(folder, 'preload.mjs');
  await writeFile(preload, "process.env.LOADED_FIRST = 'yes';");
  const { invoke } = await lambda([fixtureSpec('functions.echo', { preload })]);
  expect(await invoke('echo', {})).toMatchObject({ payload: { env: { LOADED_FIRST: 'yes' } } });
});

test('two events at once get a sandbox each', async () => {
  const started = await lambda([fixtureSpec('functions.hold')]);
  const runs = [1, 2].map(() => started.invoke('hold', { holdMs: 300 }));
  await expect.poll(() => busy(started)).toHaveLength(2);
  const seen = (await Promise.all(runs)).map((run) =>
    run.kind === 'buffered' ? run.payload : run,
  );
  expect(new Set(seen.map((payload) => JSON.stringify(payload))).size).toBe(2);
  expect(busy(started)).toEqual([]);
});

test('a warmed function answers without an init phase, and is billed for it once', async () => {
  const { warm, invoke, status } = await lambda([fixtureSpec('functions.echo')]);
  await warm('echo');
  expect(status()).toMatchObject([{ invocations: 0, billedMs: 0, sandboxes: [{ busy: false }] }]);
  await invoke('echo', {});
  const [first] = status();
  expect(first?.billedMs).toBeGreaterThan(20);
  await invoke('echo', {});
  const [second] = status();
  expect((second?.billedMs ?? 0) - (first?.billedMs ?? 0)).toBeLessThan(first?.billedMs ?? 0);
});

test('warming rejects with what the code said at init', async () => {
  const { warm, status } = await lambda([fixtureSpec('init-throws.handler', { name: 'broken' })]);
  await expect(warm('broken')).rejects.toThrow('OUTLAST_TABLE is not set');
  expect(status()).toMatchObject([{ sandboxes: [] }]);
});

test('above its reserved concurrency a function is throttled', async () => {
  const started = await lambda([fixtureSpec('functions.hold', { maxConcurrency: 1 })]);
  const running = started.invoke('hold', { holdMs: 200 });
  expect(await started.invoke('hold', {})).toEqual({ kind: 'throttled' });
  expect(await running).toMatchObject({ kind: 'buffered' });
  expect(await started.invoke('hold', { holdMs: 0 })).toMatchObject({ kind: 'buffered' });
});

test('above the concurrency of the account every function is throttled', async () => {
  const options = { accountConcurrency: 1 };
  const specs = [fixtureSpec('functions.hold'), fixtureSpec('functions.echo')];
  const started = await lambda(specs, options);
  const running = started.invoke('hold', { holdMs: 200 });
  expect(await started.invoke('echo', {})).toEqual({ kind: 'throttled' });
  await running;
  expect(await started.invoke('echo', {})).toMatchObject({ kind: 'buffered' });
});

test('on a full machine an event waits for a process, in place of an idle one', async () => {
  const specs = [fixtureSpec('functions.hold'), fixtureSpec('functions.echo')];
  const started = await lambda(specs, { maxSandboxes: 1 });
  const held = started.invoke('hold', { holdMs: 200 });
  expect(await started.invoke('echo', {})).toMatchObject({ kind: 'buffered' });
  expect(await held).toMatchObject({ kind: 'buffered' });
  await expect.poll(() => pids(started).filter(lives)).toHaveLength(1);
});

test('on a full machine many events of one function do not keep out another', async () => {
  const specs = [fixtureSpec('functions.hold'), fixtureSpec('functions.echo')];
  const started = await lambda(specs, { maxSandboxes: 2 });
  const ended: string[] = [];
  const invoke = async (name: string, event: object): Promise<void> => {
    await started.invoke(name, event);
    ended.push(name);
  };
  const held = [500, 5_000, 2_000, 2_000].map((holdMs) => invoke('hold', { holdMs }));
  await expect.poll(() => busy(started)).toHaveLength(2);
  await Promise.all([...held, invoke('echo', {})]);
  expect(ended.slice(0, 2)).toEqual(['hold', 'echo']);
});

test.each([
  ['waits', { holdMs: 60_000 }],
  ['spins', { spin: true }],
])('a sandbox that %s is killed at its time-out, and replaced', async (_what, event) => {
  const started = await lambda([fixtureSpec('functions.hold', { timeoutMs: 1_000 })]);
  const startedMs = performance.now();
  const running = started.invoke('hold', event);
  await expect.poll(() => busy(started)).toHaveLength(1);
  const [pid = 0] = pids(started);
  const invocation = await running;
  expect(performance.now() - startedMs).toBeLessThan(30_000);
  expect(invocation).toMatchObject({ kind: 'error', reason: 'timeout' });
  expect(invocation).toHaveProperty(
    'errorMessage',
    expect.stringMatching(/^\S+ \S+ Task timed out after 1\.00 seconds$/),
  );
  expect(lives(pid)).toBe(false);
  expect(await started.invoke('hold', { holdMs: 0 })).toMatchObject({ kind: 'buffered' });
  expect(pids(started)).not.toContain(pid);
});

test.each(['hoard', 'buffers'])('a function that %s is killed for its memory', async (name) => {
  const started = await lambda([fixtureSpec(`functions.${name}`, { memoryMb: 128 })]);
  expect(await started.invoke(name, {})).toMatchObject({
    kind: 'error',
    reason: 'out-of-memory',
    errorType: 'Runtime.OutOfMemory',
    errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Runtime exited .* killed$/),
  });
  expect(pids(started)).toEqual([]);
});

test('a sandbox killed in mid-run fails that event at once, and no other', async () => {
  const started = await lambda([fixtureSpec('functions.hold')]);
  const running = started.invoke('hold', { holdMs: 60_000 });
  await expect.poll(() => busy(started)).toHaveLength(1);
  const [pid = 0] = pids(started);
  // The event is on its way while the sandbox still starts; it is killed once it holds the event.
  await expect.poll(() => started.status()).toMatchObject([{ invocations: 1 }]);
  process.kill(pid, 'SIGKILL');
  expect(await running).toMatchObject({
    kind: 'error',
    reason: 'exit',
    errorType: 'Runtime.ExitError',
    errorMessage: expect.stringMatching(/Runtime exited with error: signal: killed$/),
  });
  expect(await started.invoke('hold', { holdMs: 0 })).toMatchObject({ kind: 'buffered' });
  expect(pids(started)).not.toContain(pid);
});

test('after an idle sandbox died the next event starts cold', async () => {
  const started = await lambda([fixtureSpec('functions.echo')]);
  await started.invoke('echo', {});
  const [pid = 0] = pids(started);
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => pids(started)).toEqual([]);
  expect(await started.invoke('echo', {})).toMatchObject({ payload: { runs: 1 } });
});

test('sandboxes that nobody uses end, but for the last one', async () => {
  const started = await lambda([fixtureSpec('functions.hold')], { idleLimitMs: 100 });
  await Promise.all([1, 2, 3].map(() => started.invoke('hold', { holdMs: 100 })));
  await expect.poll(() => pids(started)).toHaveLength(1);
  expect(await started.invoke('hold', { holdMs: 0 })).toMatchObject({ kind: 'buffered' });
});

test('an init phase over its limit is repeated inside the invocation, and billed', async () => {
  const logged: string[] = [];
  const started = await lambda([fixtureSpec('init-slow.handler', { name: 'slow' })], {
    initLimitMs: 300,
    onLog: (line) => logged.push(line),
  });
  expect(await started.invoke('slow', {})).toMatchObject({
    kind: 'buffered',
    payload: 'ready in the end',
  });
  expect(logged[0]).toMatch(/^INIT_REPORT Init Duration: \S+ ms\tPhase: init\tStatus: timeout$/);
  const [slow] = started.status();
  expect(slow).toMatchObject({ invocations: 1, sandboxes: [{ busy: false }] });
  expect(slow?.billedMs).toBeGreaterThan(1_300);
});

test('closing ends every sandbox, in mid-run too, and loses no line of the log', async () => {
  const logged: string[] = [];
  const started = await startLambda([fixtureSpec('functions.hold')], {
    logDir: folder,
    onLog: (line) => logged.push(line),
  });
  const running = started.invoke('hold', { holdMs: 60_000 });
  await expect.poll(() => started.status()).toMatchObject([{ invocations: 1 }]);
  const open = pids(started);
  await started.close();
  expect(await running).toMatchObject({ kind: 'error', reason: 'exit' });
  expect(open.filter(lives)).toEqual([]);
  expect(logged.at(-1)).toMatch(/^REPORT .*\tStatus: error\tError Type: Runtime.ExitError$/);
  const written = await readFile(path.join(folder, 'hold.log'), 'utf8');
  expect(written.trimEnd().split('\n')).toEqual(logged);
  await expect(started.invoke('hold', {})).rejects.toThrow('closed');
});

test('no sandbox outlives the process that started it, however that ended', async () => {
  const parent = spawn(process.execPath, [path.resolve('tests/fixtures/lambda/parent.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: parent.stdout });
  const [line]: string[] = await once(lines, 'line');
  const children: number[] = JSON.parse(line ?? '[]');
  expect(children).toHaveLength(2);
  expect(children.filter(lives)).toEqual(children);
  parent.kill('SIGKILL');
  await expect.poll(() => children.filter(lives), { timeout: 60_000 }).toEqual([]);
});
