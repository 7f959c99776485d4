/**
 * Where Unix sockets of a data directory live. The kernel takes at most 104 bytes of path (macOS; Linux 107), so a deep
 * data directory gets a short folder under the system's temporary one, named by a hash of its path: the same at each
 * start, as engines outlive their agent. Both kinds of folder are open to their owner only.
 */
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LarderError } from "@larder/api";

const socketPathBytesMax = 104;
/** The longest file name that is put there: a node id and an ending. */
const fileNameBytesMax = 48;

/** Returns the folder, made if need be. Throws DataDirectoryUnusable when it is not ours. */
export function ensureSocketDirectory(dataDirectory: string): string {
  const inside = join(dataDirectory, "run");
  const fits = Buffer.byteLength(inside) + 1 + fileNameBytesMax <= socketPathBytesMax;
  const directory = fits
    ? inside
    : join(tmpdir(), `larder-${createHash("sha256").update(dataDirectory).digest("hex").slice(0, 16)}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  if (!found.isDirectory() || (process.getuid && found.uid !== process.getuid()))
    throw new LarderError("DataDirectoryUnusable", `${directory} belongs to somebody else.`);
  chmodSync(directory, 0o700);
  return directory;
}
