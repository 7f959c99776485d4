/** A location as documents have it, for the storage package. Throws StorageError. */
import type { StorageLocation } from "@larder/api";
import { parseStorageLocation, type StorageAccess } from "@larder/storage";

export function storageAccess({ url, credentials }: StorageLocation): StorageAccess {
  if (credentials === null) return parseStorageLocation(url);
  if (credentials.kind === "s3") {
    const { kind: _, sessionToken, endpoint, ...keys } = credentials;
    const optional = { ...(sessionToken === null ? {} : { sessionToken }), ...(endpoint === null ? {} : { endpoint }) };
    return parseStorageLocation({ url, ...keys, ...optional });
  }
  const [, container, prefix] = /^azure:\/\/([^/]*)\/?(.*)$/.exec(url) ?? [];
  const { connectionString } = credentials;
  return parseStorageLocation({ connectionString, container, ...(prefix ? { prefix } : {}) });
}
