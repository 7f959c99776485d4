/** JSON files whose content is sealed, as it has secrets. Whole or not there, like all of ours. */
import { basename } from "node:path";
import { readTextFile, writeFileAtomic } from "./atomic-file.ts";
import { sealedBy } from "./secret-box.ts";
import type { SecretKeys } from "./secret-keys.ts";

export function writeSealedFile(path: string, value: unknown, keys: SecretKeys): void {
  writeFileAtomic(path, keys.open().seal(JSON.stringify(value), basename(path)));
}

/** Where another key has sealed it, or none. What no key opens stays as it is. */
export function resealFile(path: string, keys: SecretKeys): void {
  const text = readTextFile(path);
  const sealed = text === undefined ? undefined : keys.open().sealedAnew(text, basename(path));
  if (sealed !== undefined) writeFileAtomic(path, sealed);
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
