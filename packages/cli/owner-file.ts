/** Files of the data directory that carry secrets: readable by their owner only, and whole or not there at all. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";

export function writeOwnerFile(path: string, content: string): void {
  const temporary = `${path}.${process.pid}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
