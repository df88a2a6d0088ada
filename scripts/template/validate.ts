import { RegoEngine, TemplateFile } from '@aws/cloudformation-validate';

/**
 * Warnings that stay. Notes below a warning (tags, create-only properties) are not looked at; an
 * error is never excluded.
 */
const accepted = [
  {
    ruleId: 'W3005',
    reason: 'the Serverless Framework repeats in DependsOn what a reference says already',
  },
  {
    ruleId: 'W8003',
    reason: 'a condition compares a stage parameter, which is constant once packaged',
  },
  {
    ruleId: 'W9053',
    reason: 'two conditions are alike only because both parameters are empty in this stage',
  },
];

/** What CloudFormation would object to in the template at a path, one line each. */
export function validate(path: string): string[] {
  const engine = new RegoEngine();
  try {
    const { diagnostics } = engine.validateStandard(new TemplateFile(path), {
      severityLevel: 'WARN',
      exclude: { ids: accepted.map(({ ruleId }) => ruleId) },
    });
    return diagnostics.map(({ severity, ruleId, message }) => `${severity} ${ruleId} ${message}`);
  } finally {
    engine.free();
  }
}
