/** JSON files whose content is sealed, as it has secrets. Whole or not there, like all of ours. */
import { basename } from "node:path";
import { readTextFile, writeFileAtomic } from "./atomic-file.ts";
import { sealedBy } from "./secret-box.ts";
import type { SecretKeys } from "./secret-keys.ts";

export function writeSealedFile(path: string, value: unknown, keys: SecretKeys): void {
  writeFileAtomic(path, keys.open().seal(JSON.stringify(value), basename(path)));
}

/**
 * undefined when there is no such file. One that was never sealed is read as it is. Throws SealBroken, ConfigInvalid, and SyntaxError on
 * what is not JSON: errors may quote the file.
 */
export function readSealedFile<T>(path: string, keys: SecretKeys): T | undefined {
  const text = readTextFile(path);
  if (text === undefined) return undefined;
  return JSON.parse(sealedBy(text) === undefined ? text : keys.open().open(text, basename(path))) as T;
}
