/** The documents of a cache's backups, and of what moves for them. */
import type { CacheId } from "@larder/api";
import type { BackupDocument, BackupPolicyDocument } from "../documents/backup-document.ts";
import {
  backupKey,
  backupPolicyKey,
  cacheBackupsPrefix,
  cacheTransfersOverPrefix,
  cacheTransfersPrefix,
  transfersPrefix,
} from "../documents/document-keys.ts";
import type { TransferDocument } from "../documents/transfer-document.ts";
import type { Store, StoredDocument } from "../store/store.ts";

export interface BackupsStored {
  policy: StoredDocument<BackupPolicyDocument> | undefined;
  /** The oldest first. */
  backups: readonly StoredDocument<BackupDocument>[];
  /** Its own, and imports into other caches that are under way: they may read its backups. */
  transfers: TransferDocument[];
}

export async function readBackups(store: Pick<Store, "get" | "list">, cacheId: CacheId): Promise<BackupsStored> {
  const transfers: TransferDocument[] = [];
  for (const prefix of [cacheTransfersPrefix(cacheId), cacheTransfersOverPrefix(cacheId)])
    for (const { value } of (await store.list<TransferDocument>(prefix)).documents) transfers.push(value);
  for (const { value } of (await store.list<TransferDocument>(transfersPrefix)).documents)
    if (value.cacheId !== cacheId && value.task.kind === "import") transfers.push(value);
  const { documents: backups } = await store.list<BackupDocument>(cacheBackupsPrefix(cacheId));
  return { policy: await store.get<BackupPolicyDocument>(backupPolicyKey(cacheId)), backups, transfers };
}

/** What of these documents changes, as part of one transaction: each must still be as it was read. */
export function backupPuts(
  { policy, backups }: Pick<BackupsStored, "policy" | "backups">,
  writes: { backup?: BackupDocument | undefined; policy?: BackupPolicyDocument | undefined },
) {
  const put: { key: string; value: unknown }[] = [];
  const require: { key: string; revision: number }[] = [];
  if (writes.backup !== undefined) {
    const key = backupKey(writes.backup);
    put.push({ key, value: writes.backup });
    require.push({ key, revision: backups.find((one) => one.key === key)?.revision ?? 0 });
  }
  if (writes.policy !== undefined) {
    const key = backupPolicyKey(writes.policy.cacheId);
    put.push({ key, value: writes.policy });
    require.push({ key, revision: policy?.revision ?? 0 });
  }
  return { put, require };
}
