/**
 * Where files of cache data are, as operators write it and documents keep it:
 *
 *   file:///var/backups/shop.rdb                          a file or folder of the agent's host, under a root that its operator allowed
 *   https://acc.blob.core.windows.net/box/shop.rdb?sv=…   a blob or container of Azure Storage, by its SAS
 *   azure://box/shop.rdb                                  the same, by the connection string in `credentials`
 *   s3://bucket/shop.rdb                                  an object or prefix of an S3-compatible store
 *
 * Both parts may be secret: neither goes into logs, errors or answers.
 */
export interface StorageLocation {
  url: string;
  credentials: StorageCredentials | null;
}

export type StorageCredentials =
  | { kind: "azure"; connectionString: string }
  | {
      kind: "s3";
      accessKeyId: string;
      secretAccessKey: string;
      sessionToken: string | null;
      region: string;
      /** null: Amazon's own. */
      endpoint: string | null;
    };
