/*
 * What tokens are taken to be where nobody tells: by OpenAI's rule of thumb for English text, four
 * characters each ("What are tokens and how to count them?", help.openai.com, read 2026-11). Other
 * languages and other models' tokens differ, easily by half. One formula for everything that is
 * estimated, so that estimates agree with one another.
 */

const charsPerToken = 4;

/** Tokens of a text of so many characters; 0 only for none. */
export const estimatedTokens = (chars: number): number => Math.ceil(chars / charsPerToken);

/** Fields that hold a file as base64, which no model reads as text. */
const fileFields: readonly string[] = ['data', 'file_data', 'b64_json'];
const shortestFileChars = 256;

const isFile = (field: string, text: string): boolean =>
  text.startsWith('data:') || (fileFields.includes(field) && text.length >= shortestFileChars);

/**
 * Characters of a JSON value as it is written, names and punctuation too: they stand for what a model
 * server puts around each message. Images and files are left out: what they cost follows from their
 * content, and is not estimated.
 */
export const jsonChars = (value: unknown): number => {
  const withoutFiles = (field: string, inner: unknown): unknown =>
    typeof inner === 'string' && isFile(field, inner) ? '' : inner;
  return JSON.stringify(value ?? '', withoutFiles).length;
};
