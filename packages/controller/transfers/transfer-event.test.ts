import { expect, test } from "bun:test";
import { taskFixtures, transferFixture, transferObservedFixture } from "../documents/transfer-fixture.ts";
import { transferEvent } from "./transfer-event.ts";

function merged(keys: number, keysSkipped: number): string {
  const transfer = transferFixture(taskFixtures.merge, { status: "succeeded" });
  const progress = transferObservedFixture(transfer.transferId, { keys, keysSkipped, bytes: 1_000 });
  return transferEvent({ ...transfer, progress }, 5).text;
}

test("a merge says what it has added, also where that is nothing", () => {
  expect(merged(2_000, 0)).toBe("2,000 keys were imported");
  expect(merged(1, 1)).toBe("1 key was imported; 1 key of the files was left out");
  expect(merged(0, 5)).toBe("0 keys were imported; 5 keys of the files were left out");
});
