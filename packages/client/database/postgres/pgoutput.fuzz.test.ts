/** Hostile bytes: whatever the server's messages are turned into, they are decoded or refused as malformed, and nothing else happens. */
import { expect, test } from "bun:test";
import { decodeMessage, MalformedMessage } from "./pgoutput.ts";

const seed = Number(process.env.LARDER_SEED ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const messages = [
  "420000000001529928000303cf542e3853000002d7",
  "52000040007075626c69630070726f6475637473006400040169640000000017ffffffff006e616d650000000019ffffffff",
  "49000040004e000474000000013174000000074cc3a4756665727400000004392e39307400000003787878",
  "55000040004b00047400000001316e6e6e4e00047400000001326e7400000004392e393075",
  "44000040004f00047400000001326e7400000004392e3930740000000573686f7274",
  "54000000010000004000",
  "4300000000000152b618000000000152b788000303cf542e4371",
].map((hex) => Buffer.from(hex, "hex"));

function outcome(bytes: Buffer): "decoded" | "refused" {
  try {
    decodeMessage(bytes);
    return "decoded";
  } catch (error) {
    if (error instanceof MalformedMessage) return "refused";
    throw error;
  }
}

test("cut at every byte", () => {
  for (const message of messages)
    for (let length = 0; length < message.length; length++)
      expect(outcome(message.subarray(0, length))).toBe("refused");
});

test(`changed bytes, LARDER_SEED=${seed}`, () => {
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(messages[below(messages.length)] as Buffer);
    for (let count = 1 + below(4); count > 0; count--)
      bytes[below(bytes.length)] = [0, 255, 127, below(256)][below(4)] as number;
    outcome(bytes);
  }
});
