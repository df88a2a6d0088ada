import { parseArgs } from 'node:util';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { defaultRegion, impatient } from './aws/client.ts';
import { CommandFault } from './aws/command-fault.ts';
import { explain } from './aws/explain.ts';
import { stackName } from './aws/find-stack.ts';
import { checkApiGateway } from './preflight/api-gateway.ts';
import { checkConcurrency } from './preflight/concurrency.ts';
import type { Finding } from './preflight/finding.ts';
import { checkKeyParameters } from './preflight/key-parameters.ts';
import { checkStack } from './preflight/stack.ts';
import { stageParams } from './preflight/stage-params.ts';
import { upstreamKeys } from './preflight/upstream-keys.ts';
import { renderTable } from './render-table.ts';

const options = {
  stage: { type: 'string' },
  region: { type: 'string' },
  param: { type: 'string', multiple: true },
} as const;

const stageFormat = /^[A-Za-z][A-Za-z0-9-]{0,100}$/;

function readOptions(args: readonly string[]) {
  const usage =
    'Usage: npm run preflight -- [--stage STAGE] [--region REGION] [--param name=value]';
  try {
    const { values } = parseArgs({ args: [...args], options });
    const { stage = 'dev', region = defaultRegion, param = [] } = values;
    if (!stageFormat.test(stage)) throw new Error(`${JSON.stringify(stage)} is no stage`);
    return { stage, region, param };
  } catch (thrown) {
    const [sentence] = (thrown instanceof Error ? thrown.message : '').split(/\.(?:\s|$)/);
    throw new CommandFault(`${sentence}. ${usage}`);
  }
}

/** Who the credentials are. Nothing else can be asked without them. */
async function findAccount(region: string): Promise<Finding> {
  const client = new STSClient({ ...impatient, region });
  const { Arn: arn } = await client.send(new GetCallerIdentityCommand({}));
  client.destroy();
  return { check: 'Credentials', result: 'ok', text: String(arn) };
}

/** A check that may not or cannot ask leaves the others standing. */
const orUnknown =
  (check: string) =>
  (thrown: unknown): Finding => ({ check, result: 'unknown', text: explain(thrown) });

const streaming = (region: string): Finding => ({
  check: 'Streaming',
  result: 'unknown',
  text: `No call of AWS tells whether ${region} has it; API Gateway's was announced for every region.`,
});

async function run(args: readonly string[]): Promise<readonly Finding[]> {
  const { stage, region, param } = readOptions(args);
  const params = await stageParams(stage, param);
  const account = await findAccount(region);
  console.log(`Stage ${stage} in ${region}:`);
  const ofUpstreams = upstreamKeys(stage, params);
  const keys = [
    { check: 'Key parameter', name: params.openaiApiKeyParameter },
    ...ofUpstreams.parameters,
  ];
  const checked = await Promise.all([
    checkConcurrency(region, params).catch(orUnknown('Lambda concurrency')),
    checkKeyParameters(region, keys).catch(orUnknown('Key parameter')),
    ofUpstreams.findings,
    checkStack(region, stage).catch(orUnknown('Stack')),
    checkApiGateway(region, stackName(stage), params.throttleRate).catch(orUnknown('API Gateway')),
  ]);
  return [account, streaming(region), ...checked.flat()];
}

try {
  const findings = await run(process.argv.slice(2));
  const rows = findings.map(({ check, result, text }) => [check, result, text]);
  console.log(renderTable(['check', 'result', 'found'], rows).join('\n'));
  if (findings.some(({ result }) => result === 'fail')) process.exitCode = 1;
} catch (thrown) {
  console.error(explain(thrown));
  process.exitCode = 1;
}
