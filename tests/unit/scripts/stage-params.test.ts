import { expect, test } from 'vitest';
import { stageParams } from '../../../scripts/preflight/stage-params.ts';

test('a stage has what all have, then its own, then what is given', async () => {
  const dev = await stageParams('dev', []);
  expect(dev.openaiApiKeyParameter).toBe('/outlast/dev/openai-api-key');
  const prod = await stageParams('prod', []);
  expect(prod.openaiApiKeyParameter).toBe('/outlast/prod/openai-api-key');
  expect(prod.workerConcurrency).toBeGreaterThan(dev.workerConcurrency);
  const given = await stageParams('prod', ['workerConcurrency=7', 'openaiApiKeyParameter=/a=b']);
  expect(given).toMatchObject({ workerConcurrency: 7, openaiApiKeyParameter: '/a=b' });
});

test('the stage’s name stands in its upstreams, which are read as the functions read them', async () => {
  expect(await stageParams('prod', [])).toMatchObject({ upstreams: [], upstreamsBytes: 0 });
  const list = '[{"name":"a","apiKeyParameter":"/outlast/${sls:stage}/upstreams/a"}]';
  const { upstreams, upstreamsBytes } = await stageParams('prod', [`upstreams=${list}`]);
  expect(upstreams).toMatchObject([{ name: 'a', apiKeyParameter: '/outlast/prod/upstreams/a' }]);
  expect(upstreamsBytes).toBe(list.replace('${sls:stage}', 'prod').length);
});

test.each([
  'workerConcurrency',
  'workerConcurrency=x',
  'workerConcurrency=1',
  'openaiApiKeyParameter=',
  'upstreams=[',
  'upstreams=[{}]',
])('the parameter %j is refused by name', async (param) => {
  await expect(stageParams('dev', [param])).rejects.toThrow(param.split('=')[0]);
});
