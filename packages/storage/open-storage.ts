/** A storage for a location. Nothing is asked of it yet: what is wrong with it shows at the first call. */
import { basename, dirname } from "node:path";
import { describeLocation, type StorageLocation } from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import { AzureFiles } from "./azure/azure-files.ts";
import { DirectoryStorage } from "./directory/directory-storage.ts";
import { fileNameOf, invalidLocation, prefixOf } from "./location/location-text.ts";
import { type ParsedPlace, parsePlace } from "./location/parsed-place.ts";
import type { RemoteFiles } from "./remote/remote-files.ts";
import { RemoteStorage } from "./remote/remote-storage.ts";
import { S3Files } from "./s3/s3-files.ts";
import type { Storage } from "./storage.ts";
import { StorageError } from "./storage-error.ts";
import { defaultStorageLimits, type StorageLimits } from "./storage-limits.ts";

export interface StorageContext {
  clock: Clock;
  randomness: Randomness;
  /** Absolute paths: directories may be these and what is beneath them. None: there is no storage in directories. */
  storageRoots: readonly string[];
  limits?: Partial<StorageLimits>;
}

export interface FilePlace {
  storage: Storage;
  name: string;
}

/** The location is a folder: names begin after it. Throws InvalidLocation and NotAllowed. */
export function openFolder(location: StorageLocation, context: StorageContext): Storage {
  const place = parsePlace(location);
  if (place.kind === "directory") return directoryStorage(place.path, context);
  if (place.kind === "azure" && place.isOneFile) throw invalidLocation("the signature is for one file");
  return remoteStorage(remoteFiles(place, prefixOf(place.words), context), location, context);
}

/** The location is a file. Throws InvalidLocation and NotAllowed. */
export function openFile(location: StorageLocation, context: StorageContext): FilePlace {
  const place = parsePlace(location);
  if (place.kind === "directory") {
    const name = fileNameOf([basename(place.path)]);
    return { storage: directoryStorage(dirname(place.path), context), name };
  }
  const name = fileNameOf(place.words);
  const files = remoteFiles(place, prefixOf(place.words.slice(0, -1)), context);
  return { storage: remoteStorage(files, location, context), name };
}

function directoryStorage(directory: string, { clock, randomness, storageRoots }: StorageContext): Storage {
  if (storageRoots.length === 0)
    throw new StorageError("NotAllowed", { detail: "no directory of this host is open to storage" });
  return new DirectoryStorage({ directory, roots: storageRoots, clock, randomness });
}

function remoteStorage(files: RemoteFiles, location: StorageLocation, context: StorageContext): Storage {
  const { clock, randomness } = context;
  const limits = { ...defaultStorageLimits, ...context.limits };
  return new RemoteStorage({ description: describeLocation(location), files, limits, clock, randomness });
}

function remoteFiles(
  place: Exclude<ParsedPlace, { kind: "directory" }>,
  prefix: string,
  { clock }: StorageContext,
): RemoteFiles {
  if (place.kind === "s3") return new S3Files({ ...place.bucket, prefix });
  return new AzureFiles({ ...place.container, prefix }, () => clock.nowMs());
}
