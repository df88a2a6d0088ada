import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Runs `script` in a process of its own and returns its log lines, parsed, and the raw output. */
const logged = (script: string) => {
  const source = (name: string) => new URL(`../../../lib/${name}`, import.meta.url).href;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { jsonLog } from '${source('adapters/json-log.ts')}';
       import { composeLog } from '${source('compose/log.ts')}';
       import { dynamoClient } from '${source('adapters/dynamo-client.ts')}';
       import { dynamoJobs } from '${source('adapters/dynamo-jobs.ts')}';
       import { dynamoContent } from '${source('adapters/dynamo-content.ts')}';
       import { Fault } from '${source('errors.ts')}';
       import { createServer } from 'node:http';
       const log = composeLog('outlast', { LOG_LEVEL: 'INFO' });
       ${script}`,
    ],
    { encoding: 'utf8' },
  );
  const output = `${stdout}\n${stderr}`;
  const lines = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Record<string, unknown> => JSON.parse(line));
  return { lines, output };
};

test('a line is the event with the given fields and the service, nothing else', () => {
  const { lines } = logged(`log.info('job.created', { jobId: 'gen_1', bytes: 12 });`);
  expect(lines).toEqual([
    {
      level: 'INFO',
      message: 'job.created',
      service: 'outlast',
      timestamp: expect.any(String),
      jobId: 'gen_1',
      bytes: 12,
    },
  ]);
});

test('a Fault is logged with its code, its frames and its causes', () => {
  const { lines } = logged(
    `const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
     log.warn('sweep.failed', { error: new Fault('store_unavailable', 'No store.', { cause }) });`,
  );
  expect(lines[0]).toMatchObject({
    level: 'WARN',
    error: {
      name: 'Fault',
      code: 'store_unavailable',
      message: 'No store.',
      stack: expect.stringMatching(/^ {4}at /),
      cause: { name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' },
    },
  });
});

test("an SDK's error does not take its request into the log", () => {
  const { lines, output } = logged(
    `process.env.AWS_ACCESS_KEY_ID = 'AKIASECRET'; process.env.AWS_SECRET_ACCESS_KEY = 'x';
     const server = createServer((request, response) => {
       request.resume();
       response.writeHead(400, { 'x-amzn-requestid': 'req-1' });
       response.end(JSON.stringify({ __type: 'AccessDeniedException', message: 'no' }));
     }).listen(0, '127.0.0.1', async () => {
       const endpoint = 'http://127.0.0.1:' + server.address().port;
       const client = dynamoClient({ endpoint, region: 'us-east-1' });
       const content = dynamoContent(client, 'table');
       await content.putChunk('gen_1', { attempt: 1, first: 1, deltas: ['TOPSECRET'] }, 5)
         .catch((error) => log.error('chunk.refused', { error }));
       server.closeAllConnections(); server.close();
     });`,
  );
  expect(lines[0]?.['error']).toMatchObject({
    code: 'store_unavailable',
    cause: { name: 'AccessDeniedException', status: 400, requestId: 'req-1' },
  });
  expect(output).not.toMatch(/TOPSECRET|AKIASECRET|authorization|\$response/i);
});

test('what a parser or an upstream quotes stays out of the log, at any depth', () => {
  const { lines, output } = logged(
    `let syntax; try { JSON.parse('TOPSECRET') } catch (error) { syntax = error }
     const api = Object.assign(new Error('400 TOPSECRET'), { status: 400, headers: { authorization: 'TOPSECRET' } });
     log.error('a.failed', { error: new Fault('internal_error', 'Ours.', { cause: syntax }) });
     log.error('b.failed', { error: api });
     log.error('c.failed', { other: api });
     log.error('d.failed', { error: new Fault('upstream_rejected', 'TOPSECRET', {
       reported: { status: 400, type: 'invalid_request_error', param: null, code: 'bad' } }) });
     log.error('e.failed', { error: 'TOPSECRET' });`,
  );
  expect(lines).toHaveLength(5);
  expect(lines[1]).toMatchObject({ error: { status: 400 } });
  expect(output).not.toContain('TOPSECRET');
});

test('an error that is its own cause is logged to a depth', () => {
  const { lines } = logged(
    `const error = new Error('round'); error.cause = error; log.error('round.failed', { error });`,
  );
  expect(lines).toHaveLength(1);
});

test('a code is logged only when it is a word: an upstream may put its own text there', () => {
  const { lines, output } = logged(
    `const error = (code) => Object.assign(new Error('x'), { headers: {}, code });
     log.warn('attempt.failed', { error: error('TOPSECRET prompt') });
     log.warn('attempt.failed', { error: error('sk-TOPSECRET') });
     log.warn('attempt.failed', { error: error('rate_limit_exceeded') });`,
  );
  expect(output).not.toContain('TOPSECRET');
  expect(lines[2]).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
});

test('of what AWS says the beginning is logged, and not what it quotes', () => {
  const { lines, output } = logged(
    `const told = (message) => Object.assign(new Error(message), { $metadata: {} });
     log.warn('a', { error: told("Value 'TOPSECRET' at 'item' failed to satisfy constraint") });
     log.warn('a', { error: told('Invalid: "TOPSECRET') });
     log.warn('a', { error: told("Value {'it\\'s': \\"a\\"} TOPSECRET \\"b") });
     log.warn('a', { error: told('Malformed request {"x": TOPSECRET}') });
     log.warn('a', { error: told('Item size has exceeded the maximum allowed size') });`,
  );
  expect(output).not.toContain('TOPSECRET');
  expect(lines.map((line) => line['error'])).toMatchObject([
    { message: 'Value …' },
    { message: 'Invalid: …' },
    { message: 'Value …' },
    { message: 'Malformed request …' },
    { message: 'Item size has exceeded the maximum allowed size' },
  ]);
});

test('a line names the trace that Lambda set for the invocation', () => {
  const { lines } = logged(
    `process.env._X_AMZN_TRACE_ID = 'Root=1-67c1-abc;Parent=1;Sampled=0'; log.info('job.created');`,
  );
  expect(lines[0]?.['xray_trace_id']).toBe('1-67c1-abc');
});

test('what cannot be written as JSON is named, and nothing is thrown', () => {
  const { lines } = logged(`log.warn('job.left', { jobId: 'gen_1', count: 1n });`);
  expect(lines[0]).toMatchObject({ message: 'job.left', unloggable: ['jobId', 'count'] });
});

test('what is below the level is not written', () => {
  const { lines } = logged(
    `const quiet = jsonLog('outlast', 'ERROR'); quiet.warn('a'); quiet.error('b');`,
  );
  expect(lines.map(({ message }) => message)).toEqual(['b']);
});
