import { test } from 'vitest';
import { startDeployment } from '../fixtures/deployment/deployment.ts';
test('probe', async () => {
  const d = await startDeployment();
  console.log(await d.lambda.invoke('sweep', {}));
  const r = await fetch(`${d.url}/generate`, { method: 'POST', headers: { authorization: `Bearer ${d.apiKey}`, 'content-type': 'application/json' }, body: JSON.stringify({ prompt: 'hi' }) });
  console.log(r.status, await r.text());
  console.log(d.logged.join('\n'));
  for (const n of ['submit','authorize','sweep']) console.log(n, d.links(n).dynamodb.calls.map(c=>c.action+' '+c.resource).join('\n'), d.links(n).ssm.calls.map(c=>c.action+c.resource));
  await d.close();
});
