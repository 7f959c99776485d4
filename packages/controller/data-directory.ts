/** The folder of the controller's own files. */
import { accessSync, constants, mkdirSync } from "node:fs";
import { LarderError } from "@larder/api";

/** Throws DataDirectoryUnusable. */
export function ensureDataDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new LarderError("DataDirectoryUnusable", `${path} cannot be used: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}
