/** An instant to the second, in UTC. */
export const showTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
