/** What has to be written for a transfer as it is after a step: part of a transaction. One that is over goes to its own place and ends its operation. */
import { operationKey, transferKey, transferOverKey } from "../documents/document-keys.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import { isOver, type TransferDocument } from "../documents/transfer-document.ts";
import type { Store, Transaction } from "../store/store.ts";

/** `revision`: of the transfer as it was before; 0 for a new one. */
export async function transferWrites(
  store: Pick<Store, "get">,
  { transfer, revision }: { transfer: TransferDocument; revision: number },
): Promise<Required<Transaction>> {
  const key = transferKey(transfer.cacheId, transfer.transferId);
  const require = [{ key, revision }];
  if (!isOver(transfer)) return { require, put: [{ key, value: transfer }], delete: [] };
  const over = { key: transferOverKey(transfer.cacheId, transfer.transferId), value: transfer };
  return { require, put: [over, ...(await endedOperation(store, transfer))], delete: [key] };
}

async function endedOperation(
  store: Pick<Store, "get">,
  { operationId, endedMs, problem }: TransferDocument,
): Promise<{ key: string; value: OperationDocument }[]> {
  if (operationId === null) return [];
  const key = operationKey(operationId);
  const operation = await store.get<OperationDocument>(key);
  return operation === undefined ? [] : [{ key, value: { ...operation.value, endMs: endedMs, error: problem } }];
}
