import { expect, test } from "bun:test";
import { keySlot } from "./key-slot.ts";

test.each([
  ["123456789", 12_739],
  ["foo", 12_182],
  ["", 0],
  ["{user1000}.following", keySlot(Buffer.from("user1000"))],
  ["foo{}{bar}", 8_363],
  ["foo{{bar}}zap", keySlot(Buffer.from("{bar"))],
  ["foo{bar}{zap}", keySlot(Buffer.from("bar"))],
])("%s is in slot %d", (key, slot) => expect(keySlot(Buffer.from(key))).toBe(slot));
