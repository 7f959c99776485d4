/**
 * Files of this machine as agents may have them: beneath the first storage root of the service that runs here. A file for an
 * import is linked there, or copied where it lies on another file system, under a name that tells nobody anything; one that
 * was exported is moved from there to where its owner wants it.
 */
import { constants, existsSync, rmSync } from "node:fs";
import { access, copyFile, link, mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { constants as system } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LarderError } from "@larder/api/errors";
import { systemClock } from "./clock.ts";
import { CommandError } from "./failure.ts";
import { isAlive } from "./process-alive.ts";
import type { ServiceConnection } from "./service-connection.ts";

/** Longer than a transfer of a file of this machine takes. */
const forgottenMs = 24 * 3_600_000;
const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A folder for one command, which goes with it, also where a signal ends that. */
export class LocalFiles {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    for (const signal of endings) process.on(signal, this.#end);
  }

  /** Who waits for a transfer cancels that first, and has its end run through. */
  readonly #end = (signal: (typeof endings)[number]): void => {
    if (process.listenerCount(signal) > 1) return;
    rmSync(this.#folder, { recursive: true, force: true });
    process.exit(128 + system.signals[signal]);
  };

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
    await removeForgotten(root);
    return new LocalFiles(await mkdtemp(join(root, `larder-${process.pid}-`)));
  }

  /** URL of the folder. */
  get url(): string {
    return pathToFileURL(`${this.#folder}/`).href;
  }

  /** Returns the URL by which an agent has the file. Throws InvalidParameter where it cannot be read. */
  async offer(path: string, index: number): Promise<string> {
    const to = join(this.#folder, `${index}-${basename(path)}`);
    try {
      // A link to a link would lead nowhere from there.
      const from = await realpath(path);
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

  /** Moves what was exported to where its owner wants it. `replaces`: also what has come there meanwhile. */
  async take(name: string, path: string, replaces: boolean): Promise<void> {
    const from = join(this.#folder, name);
    const to = resolve(path);
    if (!replaces && existsSync(to)) throw new LarderError("InvalidParameter", `${path} exists by now.`);
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
    for (const signal of endings) process.off(signal, this.#end);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Of a file of this machine: it is with the agents for as long as the command lasts. Throws InvalidParameter. */
export function requireWait(wait: boolean): void {
  if (wait) return;
  throw new CommandError(
    "InvalidParameter",
    "A file of this machine has to be waited for.",
    "leave out --no-wait, or give a URL of file, https, azure or s3",
  );
}

/** Throws InvalidParameter where a file could not be put there. */
export async function requireWritable(path: string): Promise<void> {
  await access(dirname(resolve(path)), constants.W_OK).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}

/** Of commands that nothing could end but by force. What one of them asked for may still be under way for a while. */
async function removeForgotten(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = /^larder-(\d+)-\w{6}$/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = join(root, name);
    // Another command may have removed it by now.
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Infinity }));
    if (mtimeMs < systemClock.nowMs() - forgottenMs) await rm(folder, { recursive: true, force: true });
  }
}

/** Nobody sees half a file under its name, and no other file's name is used. */
async function copyAcross(from: string, to: string): Promise<void> {
  const folder = await mkdtemp(join(dirname(to), ".larder-"));
  try {
    const whole = join(folder, basename(to));
    await copyFile(from, whole);
    await rename(whole, to);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function unwritable(path: string, error: unknown): LarderError {
  return new LarderError("InvalidParameter", `${path} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
}
