import { expect, test } from "bun:test";
import type { NodeId, TransferId } from "@larder/api";
import { agentsTransferId, type TransferDocument } from "../documents/transfer-document.ts";
import { taskFixtures, transferFixture } from "../documents/transfer-fixture.ts";
import { transferAfter } from "./transfer-steps.ts";

const now = { nowMs: 1, progress: null };

function relocated(transfer: TransferDocument, isLost: boolean): TransferDocument {
  const begun = transferAfter(transfer, { type: "start", nodeId: "a" as NodeId }, now);
  return transferAfter(begun, { type: "relocate", isLost }, now);
}

test("nodes are lost that were not changed by plan, and each has a name of its own for the transfer", () => {
  let transfer = transferFixture(taskFixtures.merge);
  for (let change = 0; change < 10; change++) transfer = relocated(transfer, false);
  expect(transfer.lostNodes).toBe(0);
  expect(relocated(transfer, true).lostNodes).toBe(1);
  expect(agentsTransferId(transfer)).toBe("t1.11" as TransferId);
});
