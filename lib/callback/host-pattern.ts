/**
 * Whether a host, in lower case, is one of the patterns: itself, or any name below one that is written
 * `*.example.com`. Without patterns every host is.
 */
export const isHostAllowed = (hostname: string, patterns: readonly string[] | undefined): boolean =>
  patterns === undefined ||
  patterns.some((pattern) =>
    pattern.startsWith('*.') ? hostname.endsWith(pattern.slice(1)) : hostname === pattern,
  );
