/** A storage for a location. Nothing is asked of it yet: what is wrong with it shows at the first call. */
import type { Clock, Randomness } from "@larder/service";
import { AzureFiles } from "./azure/azure-files.ts";
import { DirectoryStorage } from "./directory/directory-storage.ts";
import { describeLocation, type StorageAccess } from "./location/storage-location.ts";
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

/** Throws NotAllowed, and InvalidLocation where the secret is not one for the location. */
export function openStorage(access: StorageAccess, context: StorageContext): Storage {
  const { location } = access;
  const { clock, randomness, storageRoots } = context;
  if (location.kind === "directory") {
    if (storageRoots.length === 0)
      throw new StorageError("NotAllowed", { detail: "no directory is open to storage: storageRoots is empty" });
    return new DirectoryStorage({ directory: location.path, roots: storageRoots, clock, randomness });
  }
  return new RemoteStorage({
    description: describeLocation(location),
    files: remoteFiles(access, clock),
    onlyFile: location.kind === "azure" ? location.file : null,
    limits: { ...defaultStorageLimits, ...context.limits },
    clock,
    randomness,
  });
}

function remoteFiles({ location, secret }: StorageAccess, clock: Clock): RemoteFiles {
  if (location.kind === "s3" && secret.kind === "s3-keys") return new S3Files({ ...location, credentials: secret });
  if (location.kind === "azure" && secret.kind === "azure-sas")
    return new AzureFiles({ ...location, access: { sas: secret.sas } }, () => clock.nowMs());
  if (location.kind === "azure" && secret.kind === "azure-key")
    return new AzureFiles({ ...location, access: { account: secret.account, key: secret.key } }, () => clock.nowMs());
  throw new StorageError("InvalidLocation", { detail: "the credentials are not for such a storage" });
}
