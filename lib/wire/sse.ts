/** One whole server-sent event. A line break in `data` starts a further data line. */
export const sseFrame = (event: string | undefined, data: string): string => {
  const name = event === undefined ? '' : `event: ${event}\n`;
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `${name}${lines.join('')}\n`;
};

/** A comment: keeps proxies from closing a silent connection, and clients skip it. */
export const sseComment = (text: string): string => `: ${text.replaceAll(/[\r\n]+/g, ' ')}\n\n`;

/** What ends the streams of OpenAI's APIs. */
export const sseDone: string = sseFrame(undefined, '[DONE]');
