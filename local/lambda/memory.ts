import { readFileSync } from 'node:fs';

/**
 * The process's own memory in megabytes: anonymous pages, without the pages of the Node.js
 * executable that every process shares. `undefined` where there is no `/proc`, or no such process.
 */
export function processMemoryMb(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
    return kilobytes === undefined ? undefined : Math.ceil(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
}

/**
 * The V8 flags of a memory size. Lambda's runtime leaves about a tenth of the memory to everything
 * outside the heap.
 */
export function heapFlags(memoryMb: number): string[] {
  return [
    `--max-old-space-size=${Math.floor(memoryMb * 0.9)}`,
    `--max-semi-space-size=${Math.max(1, Math.floor(memoryMb * 0.05))}`,
  ];
}
