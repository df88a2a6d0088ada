import * as z from 'zod/mini';
import { maxMetadataKeyChars, maxMetadataPairs, maxMetadataValueChars } from '../limits.ts';

const expectedMetadata = `an object of at most ${maxMetadataPairs} strings`;
const expectedKey = `a name of 1 to ${maxMetadataKeyChars} characters`;
const expectedValue = `a string of at most ${maxMetadataValueChars} characters`;

/**
 * A client's own labels, within OpenAI's limits. Counted before its pairs are looked at, so that a
 * million of them are one issue.
 */
export const metadataSchema = z.pipe(
  z.unknown().check(
    z.refine((value) => Object.keys(Object(value)).length <= maxMetadataPairs, {
      error: expectedMetadata,
    }),
  ),
  z.record(
    z.string().check(z.minLength(1), z.maxLength(maxMetadataKeyChars)),
    z.string(expectedValue).check(z.maxLength(maxMetadataValueChars, expectedValue)),
    { error: (issue) => (issue.code === 'invalid_key' ? expectedKey : expectedMetadata) },
  ),
);
