import type { LocalLambda } from './lambda/lambda.ts';
import { faultMessage, StartFault } from './start-fault.ts';

/**
 * Starts one sandbox of each function. Throws `StartFault` with what the functions said when they
 * refuse to start, each message once, since a fault of the configuration concerns several.
 */
export async function warmAll(
  lambda: Pick<LocalLambda, 'warm'>,
  names: readonly string[],
): Promise<void> {
  const results = await Promise.allSettled(names.map((name) => lambda.warm(name)));
  const faults = new Map<string, string[]>();
  results.forEach((result, index) => {
    if (result.status === 'fulfilled') return;
    const message = faultMessage(result.reason);
    faults.set(message, [...(faults.get(message) ?? []), names[index] ?? '']);
  });
  if (faults.size === 0) return;
  const lines = [...faults].map(([message, failed]) => `${failed.join(', ')}: ${message}`);
  throw new StartFault(`The functions could not start.\n${lines.join('\n')}`);
}
