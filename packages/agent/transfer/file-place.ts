/** Where a file of a transfer is: the storage, and the name in it. */
import type { StorageLocation } from "@larder/api";
import { DirectoryStorage, type Storage, StorageError } from "@larder/storage";
import type { TransferContext } from "./transfer.ts";

export interface FilePlace {
  storage: Storage;
  name: string;
}

type Surroundings = Pick<TransferContext, "storageRoots" | "clock" | "randomness">;

/** Throws StorageError. */
export function openFile(location: StorageLocation, surroundings: Surroundings): FilePlace {
  const path = pathOf(location);
  const cut = path.lastIndexOf("/");
  return { storage: openFolder(path.slice(0, cut) || "/", surroundings), name: path.slice(cut + 1) };
}

/** Throws StorageError. */
export function openPlace(location: StorageLocation, surroundings: Surroundings): Storage {
  return openFolder(pathOf(location), surroundings);
}

function openFolder(directory: string, { storageRoots, clock, randomness }: Surroundings): Storage {
  return new DirectoryStorage({ directory, roots: storageRoots, clock, randomness });
}

function pathOf({ url }: StorageLocation): string {
  if (!url.startsWith("file:///")) throw new StorageError("InvalidLocation", { detail: "not a file:/// location" });
  return decodeURIComponent(new URL(url).pathname);
}
