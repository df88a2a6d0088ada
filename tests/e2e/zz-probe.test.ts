import path from 'node:path';
import { test } from 'vitest';
import { startDeployment } from '../fixtures/deployment/deployment.ts';
import { setTimeout as sleep } from 'node:timers/promises';
test('probe', async () => {
  const pre = path.resolve('tests/fixtures/deployment/record-access.mjs');
  const d = await startDeployment({ triggers: { maximumConcurrency: 1 }, change: (specs) => specs.map((s) => ({ ...s, environment: { ...s.environment,
    NODE_OPTIONS: `--permission --allow-fs-read=${s.bundleDir} --allow-fs-read=${path.resolve('local/lambda')} --allow-fs-read=${pre} --import=${pre}` } })) });
  console.log(await d.lambda.invoke('sweep', {}));
  const r = await fetch(`${d.url}/generate`, { method: 'POST', headers: { prefer: 'respond-async', authorization: `Bearer ${d.apiKey}`, 'content-type': 'application/json' }, body: JSON.stringify({ prompt: 'hi' }) });
  const b = await r.json();
  console.log(r.status, b);
  const u = new URL(b.result_url); u.protocol = 'http:';
  console.log(await (await fetch(u)).text());
  await sleep(3000);
  console.log(await (await fetch(u)).text());
  console.log(d.logged.join('\n'));
  await d.close();
});
