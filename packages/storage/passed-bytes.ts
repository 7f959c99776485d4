/** What passes of a file: how much, and its SHA-256. */
import { createHash } from "node:crypto";
import { StorageError } from "./storage-error.ts";

export class PassedBytes {
  #bytes = 0;
  readonly #hash = createHash("sha256");

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    this.#hash.update(chunk);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Ends it: nothing can be added afterwards. */
  sha256(): string {
    return this.#hash.digest("hex");
  }
}

/** At the end of a whole file. Throws ChecksumMismatch. */
export function checkWhole(passed: PassedBytes, stored: { name: string; bytes: number; sha256: string | null }): void {
  const about = { file: stored.name, offset: passed.bytes };
  if (passed.bytes !== stored.bytes)
    throw new StorageError("ChecksumMismatch", { ...about, detail: `${stored.bytes} bytes were stored` });
  if (stored.sha256 === null) return;
  const sha256 = passed.sha256();
  if (sha256 !== stored.sha256)
    throw new StorageError("ChecksumMismatch", { ...about, detail: `SHA-256 ${sha256}, stored ${stored.sha256}` });
}

/** The line that `sha256sum -c` reads. */
export function checksumLine(sha256: string, name: string): string {
  return `${sha256}  ${name.slice(name.lastIndexOf("/") + 1)}\n`;
}

/** null where the text is no such line. */
export function parseChecksumLine(text: string): string | null {
  return /^([0-9a-f]{64})\s/.exec(text)?.[1] ?? null;
}

/** null where it is not a SHA-256: anybody may write metadata. */
export function parseSha256(text: string | undefined): string | null {
  return text !== undefined && /^[0-9a-f]{64}$/.test(text) ? text : null;
}
