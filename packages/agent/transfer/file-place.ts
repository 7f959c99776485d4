/** Where the files of a transfer are: a storage for a folder, or for one file with its name in it. Throws StorageError. */
import type { StorageLocation } from "@larder/api";
import { openStorage, parseStorageLocation, type Storage, type StorageAccess, StorageError } from "@larder/storage";
import type { TransferContext } from "./transfer.ts";

export interface FilePlace {
  storage: Storage;
  name: string;
}

type Surroundings = Pick<TransferContext, "storageRoots" | "clock" | "randomness">;

export function openFile(location: StorageLocation, surroundings: Surroundings): FilePlace {
  const access = accessOf(location);
  if (access.location.kind === "azure" && access.location.file !== null)
    return { storage: openStorage(access, surroundings), name: access.location.file };
  const path = pathOf(access).replace(/\/+$/, "");
  const cut = path.lastIndexOf("/");
  const name = path.slice(cut + 1);
  if (name === "") throw new StorageError("InvalidLocation", { detail: "it names no file" });
  return { storage: openStorage(within(access, path.slice(0, cut + 1)), surroundings), name };
}

export function openFolder(location: StorageLocation, surroundings: Surroundings): Storage {
  const access = accessOf(location);
  const { location: place } = access;
  if (place.kind !== "azure" || place.file === null) return openStorage(access, surroundings);
  return openStorage(within(access, `${place.prefix}${place.file}/`), surroundings);
}

function accessOf({ url, credentials }: StorageLocation): StorageAccess {
  if (credentials === null) return parseStorageLocation(url);
  if (credentials.kind === "azure") {
    const [, container, prefix] = /^azure:\/\/([^/]*)\/?(.*)$/.exec(url) ?? [];
    const { connectionString } = credentials;
    return parseStorageLocation({ connectionString, container, ...(prefix ? { prefix } : {}) });
  }
  const { kind: _, ...keys } = credentials;
  const given = Object.entries({ url, ...keys }).filter(([, value]) => value !== null);
  return parseStorageLocation(Object.fromEntries(given));
}

function pathOf({ location }: StorageAccess): string {
  return location.kind === "directory" ? location.path : location.prefix;
}

function within(access: StorageAccess, path: string): StorageAccess {
  const { location } = access;
  if (location.kind === "directory")
    return { ...access, location: { ...location, path: path.replace(/(?<=.)\/$/, "") } };
  if (location.kind === "azure") return { ...access, location: { ...location, prefix: path, file: null } };
  return { ...access, location: { ...location, prefix: path } };
}
