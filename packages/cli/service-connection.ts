/** How a command finds a service that runs on this machine: by the connection.json of its data directory. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { ConnectionFile } from "@larder/api/connection-file";
import { LarderError } from "@larder/api/errors";
import { ManagementClient } from "@larder/api/management-client";
import { CommandError } from "./failure.ts";

export interface ServiceConnection {
  /** Where commands keep what is theirs. */
  dataDirectory: string;
  /** It runs on this machine, as far as its data directory says. */
  isLocal: boolean;
  file: Omit<ConnectionFile, "token" | "ca">;
  /** The certificate authority, as PEM text. */
  ca: string;
  /** Its file, for what is printed to be pasted; null: the system's authorities count. */
  caPath: string | null;
  client: ManagementClient;
}

export function defaultDataDirectory(): string {
  return process.env["LARDER_DATA_DIR"] || join(homedir(), ".larder");
}

export function connectionPath(dataDirectory: string): string {
  return join(dataDirectory, "connection.json");
}

/** Throws NotRunning when no service was ever ready there. */
export function openService(dataDirectory: string): ServiceConnection {
  const directory = resolve(dataDirectory);
  const file = readConnection(directory);
  const ca = readOwn(file.ca);
  return {
    dataDirectory: directory,
    isLocal: true,
    file,
    ca,
    caPath: file.ca,
    client: new ManagementClient({ ...file, ca }),
  };
}

function readConnection(directory: string): ConnectionFile {
  const path = connectionPath(directory);
  try {
    return JSON.parse(readOwn(path)) as ConnectionFile;
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new CommandError(
        "DataDirectoryUnusable",
        `${path} is damaged.`,
        "start the service again with `larder up`",
      );
    throw error;
  }
}

function readOwn(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR")
      throw new LarderError("NotRunning", `No Larder service has run here: there is no ${path}.`);
    throw new LarderError("DataDirectoryUnusable", `${path} cannot be read (${code}).`, { cause: error });
  }
}
