const maxMessageChars = 1_000;
/** Keys, organisations and projects, which OpenAI quotes in some messages. */
const accountWords = /\b(?:sk|org|proj)[-_][\w*.-]{6,}/g;

/** An upstream's message without what tells its account. */
export const clientWords = (message: string): string =>
  message.replaceAll(accountWords, '[redacted]').slice(0, maxMessageChars);

/** Codes and types are names; what is written like a sentence may quote the request. */
const nameFormat = /^[A-Za-z\d][\w.-]{0,63}$/;

/**
 * An upstream's code or type of an error, which goes to clients and into logs; undefined for one that
 * is no name, or may be a key.
 */
export const errorName = (text: string | undefined): string | undefined =>
  text !== undefined && nameFormat.test(text) && clientWords(text) === text ? text : undefined;
