import { expect, test } from "bun:test";
import { DeliveryLedger } from "./delivery-ledger.ts";

test("what is missing, and what came more than once", () => {
  const ledger = new DeliveryLedger();
  for (const number of [1, 2, 2, 5, 2]) ledger.receive(number);
  expect(ledger.missing([1, 2, 3, 4])).toBe(2);
  expect(ledger.twice).toBe(2);
});
