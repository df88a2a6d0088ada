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

test.each([
  'workerConcurrency',
  'workerConcurrency=x',
  'workerConcurrency=1',
  'openaiApiKeyParameter=',
])('the parameter %j is refused by name', async (param) => {
  await expect(stageParams('dev', [param])).rejects.toThrow(param.split('=')[0]);
});
