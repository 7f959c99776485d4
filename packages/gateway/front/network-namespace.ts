/**
 * Listening inside of another network namespace, on Linux: the one thread that runs all this enters it, opens the socket, and comes
 * back before anything else can happen. A socket stays in the namespace in which it was made. It takes the right to administer the
 * system (CAP_SYS_ADMIN), and the namespace as a file.
 */
import { closeSync, openSync } from "node:fs";
import { LarderError } from "@larder/api";
import { libc } from "../libc.ts";

const CLONE_NEWNET = 0x40000000;
const ownNamespace = "/proc/thread-self/ns/net";

/** Throws what `act` throws, or ConfigInvalid where the namespace cannot be entered. */
export function withinNamespace<T>(path: string, act: () => T): T {
  const setns = libc()?.setns;
  if (setns === undefined) throw refused("network namespaces are there on Linux only");
  const own = openNamespace(ownNamespace);
  try {
    enter(path, setns);
    try {
      return act();
    } finally {
      // In the wrong namespace everything that comes would go wrong, and where nobody would look for it.
      if (setns(own, CLONE_NEWNET) !== 0) process.abort();
    }
  } finally {
    closeSync(own);
  }
}

function enter(path: string, setns: (descriptor: number, type: number) => number): void {
  const namespace = openNamespace(path);
  try {
    if (setns(namespace, CLONE_NEWNET) !== 0)
      throw refused(`${path} cannot be entered: it is no network namespace, or CAP_SYS_ADMIN is missing`);
  } finally {
    closeSync(namespace);
  }
}

function openNamespace(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw refused(`${path} cannot be opened (${(error as NodeJS.ErrnoException).code})`);
  }
}

function refused(text: string): LarderError {
  return new LarderError("ConfigInvalid", text);
}
