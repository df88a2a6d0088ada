import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';

const inflate = promisify(inflateRaw);

// Field offsets of APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
const endSignature = 0x06054b50;
const endBytes = 22;
const entrySignature = 0x02014b50;
const entryBytes = 46;
const fileHeaderBytes = 30;
const stored = 0;
const deflated = 8;

type Entry = {
  name: string;
  method: number;
  checksum: number;
  packedBytes: number;
  headerAt: number;
};

/**
 * Writes the files of a zip archive below `targetDir`, which is created. Throws on what is not such
 * an archive, on damaged content, and on a name that leads out of the folder.
 */
export async function unpackZip(zip: Buffer, targetDir: string): Promise<void> {
  for (const entry of readEntries(zip)) {
    if (entry.name.endsWith('/')) continue;
    const file = path.resolve(targetDir, entry.name);
    if (!file.startsWith(path.resolve(targetDir) + path.sep)) {
      throw new Error(`The archive holds a file outside of its folder: ${entry.name}`);
    }
    const content = await readContent(zip, entry);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

function readEntries(zip: Buffer): Entry[] {
  let endAt = zip.length - endBytes;
  while (endAt >= 0 && zip.readUInt32LE(endAt) !== endSignature) endAt -= 1;
  if (endAt < 0) throw new Error('This is not a zip archive.');
  const entries: Entry[] = [];
  let at = zip.readUInt32LE(endAt + 16);
  for (let left = zip.readUInt16LE(endAt + 10); left > 0; left -= 1) {
    if (zip.readUInt32LE(at) !== entrySignature) throw new Error('The archive is damaged.');
    const nameBytes = zip.readUInt16LE(at + 28);
    entries.push({
      name: zip.toString('utf8', at + entryBytes, at + entryBytes + nameBytes),
      method: zip.readUInt16LE(at + 10),
      checksum: zip.readUInt32LE(at + 16),
      packedBytes: zip.readUInt32LE(at + 20),
      headerAt: zip.readUInt32LE(at + 42),
    });
    at += entryBytes + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries;
}

async function readContent(
  zip: Buffer,
  { name, method, checksum, packedBytes, headerAt }: Entry,
): Promise<Buffer> {
  const skippedBytes = zip.readUInt16LE(headerAt + 26) + zip.readUInt16LE(headerAt + 28);
  const from = headerAt + fileHeaderBytes + skippedBytes;
  const packed = zip.subarray(from, from + packedBytes);
  if (method !== stored && method !== deflated) {
    throw new Error(`${name} is packed in an unknown way (${method}).`);
  }
  const content = method === stored ? packed : await inflate(packed);
  if (crc32(content) !== checksum) throw new Error(`${name} is damaged.`);
  return content;
}
