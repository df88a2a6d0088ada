/** One invocation as it is billed. */
export type Invocation = {
  readonly by: string;
  readonly billedMs: number;
  readonly memoryMb: number;
};

/** PutLogEvents counts this for each line beside its bytes (CloudWatch Logs quotas; read 2026-11). */
const logLineBytes = 26;

const report = /^REPORT .*\tBilled Duration: (\d+) ms\tMemory Size: (\d+) MB/;

/** What the functions' logs tell of the bill: their REPORT lines, and how much they logged. */
export type Billing = {
  readonly invocations: Invocation[];
  logBytes(): number;
  hear(line: string, functionName: string): void;
};

export const billing = (): Billing => {
  const invocations: Invocation[] = [];
  let bytes = 0;
  return {
    invocations,
    logBytes: () => bytes,
    hear: (line, by) => {
      bytes += Buffer.byteLength(line) + logLineBytes;
      const [, billedMs, memoryMb] = report.exec(line) ?? [];
      if (billedMs === undefined) return;
      invocations.push({ by, billedMs: Number(billedMs), memoryMb: Number(memoryMb) });
    },
  };
};

/** Memory and time together, as Lambda bills them. */
export const gbSeconds = (invocations: readonly Invocation[]): number =>
  invocations.reduce(
    (sum, { billedMs, memoryMb }) => sum + (billedMs / 1e3) * (memoryMb / 1024),
    0,
  );
