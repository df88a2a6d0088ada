import { createHash } from 'node:crypto';

const opening =
  "This text comes from Outlast's demo model, which is not a real model. For a real one, set " +
  'OPENAI_API_KEY or OPENAI_BASE_URL and start again.';

const adjectives = ['quiet', 'northern', 'patient', 'copper', 'early', 'distant', 'steady', 'salt'];
const subjects = ['keeper', 'ferry', 'harbour', 'signal', 'tide', 'lantern', 'gull', 'captain'];
const verbs = ['crosses', 'remembers', 'follows', 'answers', 'outlasts', 'watches', 'meets'];
const places = ['before dawn', 'after rain', 'at midnight', 'in winter', 'without hurry'];

/**
 * The demo text of that many tokens: a function of the message and the count alone, so that the
 * same question always has the same answer. It opens with what it is and with the start of the
 * message; then come numbered sentences of ten tokens each, so a token that is missing or
 * repeated shows. A `variation` makes it another text, which opens with that variation's name.
 */
export function proseTokens(message: string, count: number, variation = ''): string[] {
  const random = seededBy(message + variation);
  const tokens = wordsOf(`${named(variation)}${opening} ${quote(message)}`);
  for (let sentence = 1; tokens.length < count; sentence++) {
    const subject = `The ${pick(adjectives, random)} ${pick(subjects, random)}`;
    const object = `the ${pick(adjectives, random)} ${pick(subjects, random)}`;
    const [number, ...words] = wordsOf(
      `${sentence}. ${subject} ${pick(verbs, random)} ${object} ${pick(places, random)}.`,
    );
    tokens.push(`\n${number?.trimStart() ?? ''}`, ...words);
  }
  return finished(tokens.slice(0, count));
}

const pieces = [
  '灯',
  '台は',
  '海を',
  '見る',
  ' 🌊',
  '👩‍🚀',
  '🇮🇸',
  'e\u0301',
  ' ñandú',
  ' Ω≈ç',
  ' 한국어',
  ' שלום',
  '𝔘',
  ' ≤',
];

/** As `proseTokens`, in emoji, CJK and combining marks: numbered groups of four tokens. */
export function unicodeTokens(message: string, count: number, variation = ''): string[] {
  const random = seededBy(message + variation);
  const tokens = wordsOf(`${named(variation)}${quote(message)}`);
  for (let group = 1; tokens.length < count; group++) {
    tokens.push(`\n${group}.`, pick(pieces, random), pick(pieces, random), pick(pieces, random));
  }
  return finished(tokens.slice(0, count));
}

/** What an image costs of the input, whatever its size: OpenAI's price of a small one. */
export const imageTokens = 85;

/** That many tokens of reasoning about the message: numbered steps of eight tokens. */
export function reasoningTokens(message: string, count: number): string[] {
  const random = seededBy(`reasoning about ${message}`);
  const tokens: string[] = [];
  for (let step = 1; tokens.length < count; step++) {
    const weighed = `the ${pick(adjectives, random)} ${pick(subjects, random)}`;
    tokens.push(
      ...wordsOf(
        `${step > 1 ? ' ' : ''}Step ${step}: consider ${weighed} ${pick(places, random)}.`,
      ),
    );
  }
  return tokens.slice(0, count);
}

/** The tokens in a text of any length: words, with long ones counted in pieces of 12. */
export function countTokens(text: string): number {
  let count = 0;
  for (const _ of text.matchAll(/\S{1,12}/gu)) count++;
  return count;
}

function named(variation: string): string {
  return variation === '' ? '' : `Generation ${variation}. `;
}

function quote(message: string): string {
  const words = message.slice(0, 400).trim().split(/\s+/);
  const start = [...words.slice(0, 8).join(' ')].slice(0, 60).join('').toWellFormed();
  return start === '' ? 'You wrote nothing.' : `You wrote: “${start}”.`;
}

/** Splits before each space, so that the tokens joined are the text. */
function wordsOf(text: string): string[] {
  return text.split(/(?= )/);
}

function finished(tokens: string[]): string[] {
  const last = tokens.at(-1);
  if (last === undefined || last.endsWith('.')) return tokens;
  return [...tokens.slice(0, -1), `${last.replace(/[,:]$/, '')}.`];
}

function pick(choices: readonly string[], random: () => number): string {
  return choices[Math.floor(random() * choices.length)] ?? '';
}

/** A linear congruential generator (modulus 2^32) started by the message's hash. */
function seededBy(message: string): () => number {
  let state = createHash('sha256').update(message).digest().readUInt32LE(0);
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}
