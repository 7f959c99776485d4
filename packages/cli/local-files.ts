/**
 * Files of this machine as agents may have them: beneath the first storage root of the service that runs here. A file for an
 * import is linked there, or copied where it lies on another file system, under a name that tells nobody anything; one that
 * was exported is moved from there to where its owner wants it.
 */
import { constants } from "node:fs";
import { access, copyFile, link, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LarderError } from "@larder/api/errors";
import { CommandError } from "./failure.ts";
import type { ServiceConnection } from "./service-connection.ts";

/** A folder for one command, which goes with it. */
export class LocalFiles {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws InvalidParameter where agents of other machines could not see it. `hosts`: how many the service has. */
  static async open({ file }: Pick<ServiceConnection, "file">, hosts: number): Promise<LocalFiles> {
    const [root] = file.storageRoots ?? [];
    if (root === undefined || hosts > file.pids.agent.length)
      throw new CommandError(
        "InvalidParameter",
        "The service has hosts on other machines, which cannot see files of this one.",
        "put the file into storage that all reach (https://, azure://, s3://), or name one of their own with file:///",
      );
    await mkdir(root, { recursive: true, mode: 0o700 });
    return new LocalFiles(await mkdtemp(join(root, "larder-")));
  }

  /** URL of the folder. */
  get url(): string {
    return pathToFileURL(`${this.#folder}/`).href;
  }

  /** Returns the URL by which an agent has the file. Throws InvalidParameter where it cannot be read. */
  async offer(path: string, index: number): Promise<string> {
    const from = resolve(path);
    const to = join(this.#folder, `${index}-${basename(from)}`);
    try {
      await access(from, constants.R_OK);
      await link(from, to).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EXDEV" && error.code !== "EPERM") throw error;
        return copyFile(from, to, constants.COPYFILE_FICLONE);
      });
    } catch (error) {
      throw new LarderError("InvalidParameter", `${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
    }
    return pathToFileURL(to).href;
  }

  /** Moves what was exported to where its owner wants it. */
  async take(name: string, path: string): Promise<void> {
    const from = join(this.#folder, name);
    const to = resolve(path);
    try {
      await rename(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw unwritable(path, error);
      await copyAcross(from, to).catch((failure: unknown) => {
        throw unwritable(path, failure);
      });
    }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Nobody sees half a file under its name. */
async function copyAcross(from: string, to: string): Promise<void> {
  const partial = `${to}.partial`;
  try {
    await copyFile(from, partial);
    await rename(partial, to);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function unwritable(path: string, error: unknown): LarderError {
  return new LarderError("InvalidParameter", `${path} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
}
