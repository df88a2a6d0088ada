/** Which messages of a batch failed: those named, or, when the response cannot be read, all. */
export type BatchOutcome = { kind: 'failed'; messageIds: Set<string> } | { kind: 'all-failed' };

const noneFailed: BatchOutcome = { kind: 'failed', messageIds: new Set() };

/**
 * Reads the response of a function whose event source reports batch item failures, by the rules of
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html:
 * an empty or null list, and an empty or null response, are success; an empty, null, missing or
 * unknown `itemIdentifier` fails the whole batch.
 */
export function readBatchOutcome(response: unknown, messageIds: ReadonlySet<string>): BatchOutcome {
  if (response === null || response === undefined) return noneFailed;
  if (typeof response !== 'object' || Array.isArray(response)) return { kind: 'all-failed' };
  const failures: unknown = Reflect.get(response, 'batchItemFailures') ?? [];
  if (!Array.isArray(failures)) return { kind: 'all-failed' };

  const failed = new Set<string>();
  for (const failure of failures) {
    const id: unknown =
      typeof failure === 'object' && failure !== null
        ? Reflect.get(failure, 'itemIdentifier')
        : undefined;
    if (typeof id !== 'string' || !messageIds.has(id)) return { kind: 'all-failed' };
    failed.add(id);
  }
  return { kind: 'failed', messageIds: failed };
}
