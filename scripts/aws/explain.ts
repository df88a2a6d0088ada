/** One sentence for whatever AWS's SDK throws, found along its causes; never a stack. */
export const explain = (thrown: unknown): string => {
  const errors = causes(thrown);
  for (const { name, code, message } of errors) {
    if (name === 'CommandFault') return message;
    if (noCredentials.has(name)) return withoutCredentials(message);
    if (badCredentials.has(name)) {
      return `AWS refuses the credentials (${name}): they are wrong or have expired. Renew them, e.g. with aws sso login, or choose others with AWS_PROFILE.`;
    }
    if (denied.has(name)) return `The credentials may not do this: ${firstLine(message)}`;
    if (unreachable.has(code) || unreachable.has(name)) {
      return `AWS cannot be reached (${code || name}): check the network and the region.`;
    }
  }
  const root = errors.findLast(({ name }) => name !== 'Fault') ?? errors[0];
  if (root === undefined) return 'The command failed.';
  const text = firstLine(root.message);
  return root.name === 'Error' || root.name === 'Fault' ? text : `${root.name}: ${text}`;
};

/** Whether nobody answered at the address, however deep that is among the causes. */
export const isUnreachable = (thrown: unknown): boolean =>
  causes(thrown).some(({ name, code }) => unreachable.has(code) || unreachable.has(name));

const noCredentials = new Set(['CredentialsProviderError', 'TokenProviderError']);
const withoutCredentials = (message: string): string => {
  const advice = 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
  // The chain's own last word says no more; a profile or a login that has expired says which.
  const isGeneric = message.startsWith('Could not load credentials from any providers');
  return `There are no AWS credentials: ${isGeneric ? advice : `${advice} (${firstLine(message)})`}.`;
};
const badCredentials = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);
const denied = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation']);
const unreachable = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
  'TimeoutError',
]);

type Cause = { readonly name: string; readonly code: string; readonly message: string };

const causes = (thrown: unknown): readonly Cause[] => {
  const found: Cause[] = [];
  for (let error = thrown; error instanceof Error && found.length < 10; error = error.cause) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    found.push({ name: error.name, code, message: error.message });
  }
  return found;
};

const firstLine = (message: string): string => message.trim().split('\n')[0] ?? '';
