import * as z from 'zod';

const oneOrMore = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());

const statementSchema = z.object({
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMore,
  Resource: oneOrMore,
});

/** The policy of an authorizer's answer. */
export const policySchema = z.object({
  Statement: z
    .union([statementSchema, z.array(statementSchema)])
    .transform((value) => [value].flat()),
});

/** A policy that was read. */
export type Policy = z.infer<typeof policySchema>;

/** Whether the policy lets the method be called: one statement allows it, and none denies it. */
export function evaluatePolicy(policy: Policy, methodArn: string): 'allowed' | 'denied' {
  const effects = policy.Statement.filter(
    ({ Action, Resource }) =>
      Action.some((pattern) => matches(pattern.toLowerCase(), 'execute-api:invoke')) &&
      Resource.some((pattern) => matches(pattern, methodArn)),
  ).map(({ Effect }) => Effect);
  return effects.includes('Allow') && !effects.includes('Deny') ? 'allowed' : 'denied';
}

// `*` stands for any characters, slashes too, and `?` for one:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
function matches(pattern: string, value: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(value);
}
