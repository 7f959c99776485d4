/**
 * Where the Unix sockets of a data directory live. The kernel takes at most 104 bytes of path (macOS; Linux 107), so a
 * deep data directory gets a short folder under the system's temporary one, named by a hash of its path: the same at each
 * start, as engines outlive their agent. Either is open to its owner only.
 */
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LarderError } from "@larder/api/errors";

const pathBytesMax = 104;
/** The longest file name that is put there: a node's id and an ending. */
const fileNameBytesMax = 48;

export function socketDirectoryFor(dataDirectory: string, temporaryDirectory = tmpdir()): string {
  const inside = join(dataDirectory, "run");
  if (Buffer.byteLength(inside) + 1 + fileNameBytesMax <= pathBytesMax) return inside;
  const hash = createHash("sha256").update(dataDirectory).digest("hex").slice(0, 16);
  return join(temporaryDirectory, `larder-${hash}`);
}

/** Throws DataDirectoryUnusable when somebody else has made the folder. */
export function ensureSocketDirectory(dataDirectory: string): string {
  const directory = socketDirectoryFor(dataDirectory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  if (!found.isDirectory() || (process.getuid && found.uid !== process.getuid()))
    throw new LarderError("DataDirectoryUnusable", `${directory} belongs to somebody else.`);
  chmodSync(directory, 0o700);
  return directory;
}
