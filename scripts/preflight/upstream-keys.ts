import type { Finding } from './finding.ts';
import type { KeyParameter } from './key-parameters.ts';
import type { StageParams } from './stage-params.ts';

/** Lambda takes 4 KB of variables a function, and some are taken. */
const maxListBytes = 3_072;

/**
 * What the stage's `upstreams` say of their keys: the parameters to look for, and what can be judged
 * without asking the account.
 */
export const upstreamKeys = (
  stage: string,
  { upstreams, upstreamsBytes, openaiApiKeyParameter }: StageParams,
): { readonly parameters: readonly KeyParameter[]; readonly findings: readonly Finding[] } => {
  const prefix = `/outlast/${stage}/upstreams/`;
  const parameters: KeyParameter[] = [];
  const findings: Finding[] = [];
  for (const { name: upstream, apiKey, apiKeyParameter: name } of upstreams) {
    const check = `Key of ${upstream}`;
    if (apiKey !== undefined) {
      const text = 'It is in the list itself, where the console shows it: use apiKeyParameter.';
      findings.push({ check, result: 'warn', text });
    }
    if (name === undefined) continue;
    if (name === openaiApiKeyParameter || name.startsWith(prefix)) parameters.push({ check, name });
    else {
      const text = `${name} is not below ${prefix}, so no function may read it.`;
      findings.push({ check, result: 'fail', text });
    }
  }
  if (upstreamsBytes > maxListBytes) {
    const text = `The list takes ${upstreamsBytes} bytes of the 4096 that Lambda has for all variables of a function: keep it below ${maxListBytes}.`;
    findings.push({ check: 'Upstreams', result: 'fail', text });
  }
  return { parameters, findings };
};
