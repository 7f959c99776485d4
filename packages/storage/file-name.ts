/**
 * Names of files: words with slashes between them, as all storages take them. Kept from a directory's names of its own
 * (dot files) and from the files that hold checksums.
 */
import { StorageError } from "./storage-error.ts";

/** In bytes of UTF-8. S3 and Azure take 1,024 characters, a file system 255 bytes for each word. */
const nameBytesMax = 900;
const wordBytesMax = 200;

/** Beside a file that has no room for its checksum itself. */
export const checksumSuffix = ".sha256";

/** Throws InvalidName. */
export function checkFileName(name: string): void {
  const problem = problemOf(name);
  if (problem !== undefined)
    throw new StorageError("InvalidName", { file: name.slice(0, nameBytesMax), detail: problem });
}

/** Whether a file of a storage is one that Larder lists. */
export function isFileName(name: string): boolean {
  return problemOf(name) === undefined;
}

function problemOf(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (Buffer.byteLength(name) > nameBytesMax) return `it has more than ${nameBytesMax} bytes`;
  if (!name.isWellFormed() || /[\p{Cc}\\]/u.test(name)) return "it has characters that not every storage takes";
  if (name.endsWith(checksumSuffix)) return `names that end in ${checksumSuffix} are for checksums`;
  for (const word of name.split("/")) {
    if (word === "") return "it begins or ends with a slash, or has two in a row";
    if (word.startsWith(".")) return "a word of it begins with a dot";
    if (Buffer.byteLength(word) > wordBytesMax) return `a word of it has more than ${wordBytesMax} bytes`;
  }
  return undefined;
}
