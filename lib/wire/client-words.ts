const maxMessageChars = 1_000;
/** Keys, organisations and projects, which OpenAI quotes in some messages. */
const accountWords = /\b(?:sk|org|proj)[-_][\w*.-]{6,}/g;

/** An upstream's message without what tells its account. */
export const clientWords = (message: string): string =>
  message.replaceAll(accountWords, '[redacted]').slice(0, maxMessageChars);
