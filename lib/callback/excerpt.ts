const maxExcerptBytes = 512;
/** Controls, format characters (bidirectional ones too), lone surrogates, line separators. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * The first 512 bytes of a receiver's answer as text on one line, for the delivery log: whatever could
 * move a cursor, end a line or hide is a blank. Bytes that are not UTF-8 become U+FFFD.
 */
export const excerpt = (bytes: Uint8Array): string =>
  // As a stream, so that a character cut in two at the end is left out.
  new TextDecoder()
    .decode(bytes.subarray(0, maxExcerptBytes), { stream: bytes.length > maxExcerptBytes })
    .replaceAll(unprintable, ' ')
    .trim();
