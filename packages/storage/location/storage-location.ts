/**
 * Where a storage is, and with what one gets in: two values, so that the first can be stored, shown and logged as it is, and only
 * the second has to be guarded.
 */

export type StorageLocation =
  | { kind: "directory"; path: string }
  /** `file`: the only one that access is to, where that is so. The prefix is empty or ends with a slash. */
  | { kind: "azure"; containerUrl: string; prefix: string; file: string | null }
  /** `endpoint`: null for Amazon's own. */
  | { kind: "s3"; endpoint: string | null; region: string; bucket: string; prefix: string; pathStyle: boolean };

export type StorageSecret =
  | { kind: "none" }
  | { kind: "azure-key"; account: string; key: string }
  | { kind: "azure-sas"; sas: string }
  | { kind: "s3-keys"; accessKeyId: string; secretAccessKey: string; sessionToken: string | null };

export interface StorageAccess {
  location: StorageLocation;
  secret: StorageSecret;
}

/** For logs, errors and people. No secrets. */
export function describeLocation(location: StorageLocation): string {
  switch (location.kind) {
    case "directory":
      return location.path;
    case "azure":
      return `${location.containerUrl}/${location.prefix}${location.file ?? ""}`;
    case "s3": {
      const place = `s3://${location.bucket}/${location.prefix}`;
      return location.endpoint === null ? place : `${place} at ${location.endpoint}`;
    }
  }
}
