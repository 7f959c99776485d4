/** One agent a data directory: a lock that the kernel drops with its process, however that ends. */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { LarderError } from "@larder/api";

/** An agent that is just stopping is waited for. */
const waitMs = 2_000;

/** Holds the lock until `close()`. Throws AlreadyRunning. */
export function lockDirectory(dataDirectory: string): { close(): void } {
  const database = new Database(join(dataDirectory, "agent.lock"), { create: true });
  try {
    database.exec(`PRAGMA busy_timeout = ${waitMs}; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;`);
  } catch (error) {
    database.close();
    throw new LarderError("AlreadyRunning", `Another agent uses ${dataDirectory}.`, { cause: error });
  }
  return database;
}
