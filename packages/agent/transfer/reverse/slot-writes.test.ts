import { expect, test } from "bun:test";
import { keySlot } from "@larder/resp";
import { NodeCommands } from "../migrate/node-commands.ts";
import type { Batch } from "./batches.ts";
import { slotMarkerOf } from "./slot-markers.ts";
import { planForCluster } from "./slot-writes.ts";

const keysOf: Record<string, [first: number, last: number, step: number]> = {
  set: [1, 1, 1],
  incr: [1, 1, 1],
  del: [1, -1, 1],
  mset: [1, -1, 2],
  rename: [1, 2, 1],
  sunionstore: [1, -1, 1],
  select: [0, 0, 0],
  flushall: [0, 0, 0],
};
const commands = new NodeCommands(
  Object.entries(keysOf).map(([name, [first, last, step]]) => [Buffer.from(name), 0, [], first, last, step]),
);

/** `a`, `b` and `c` are in slots of their own. */
function planned(...lines: string[]) {
  const batch: Batch = {
    commands: lines.map((line) => line.split(" ").map((word) => Buffer.from(word))),
    places: lines.map((_, index) => ({ end: 101 + index, database: 0 })),
    database: 0,
    databaseAfter: 0,
    start: 100,
    end: 100 + lines.length,
  };
  const { steps, leftOut } = planForCluster(batch, commands);
  const shown = steps.map((step) =>
    step.kind === "everywhere"
      ? `everywhere behind ${step.before.end}: ${step.command.words.join(" ")}`
      : [...step.slots.values()].map((own) => own.map(({ words, end }) => `${words.join(" ")} @${end}`)),
  );
  return { shown, leftOut: Object.fromEntries(leftOut) };
}

test("commands of a slot stay in their order, and those of several are parted", () => {
  const { shown, leftOut } = planned("SELECT 0", "SET a 1", "MSET a 2 b 3", "DEL b {b}x c", "INCR a");
  expect(shown).toEqual([
    [["SET a 1 @102", "MSET a 2 @103", "INCR a @105"], ["MSET b 3 @103", "DEL b {b}x @104"], ["DEL c @104"]],
  ]);
  expect(leftOut).toEqual({});
});

test("a value that goes to another slot is left out, and counted; what it takes away goes", () => {
  const { shown, leftOut } = planned("RENAME a b", "SUNIONSTORE {a}all a b", "RENAME {a}x a");
  expect(shown).toEqual([[["DEL a @101", "RENAME {a}x a @103"]]]);
  expect(leftOut).toEqual({ rename: 1, sunionstore: 1 });
});

test("what goes everywhere parts what is before from what is behind", () => {
  const { shown } = planned("SET a 1", "FLUSHALL", "SET a 2");
  expect(shown).toEqual([[["SET a 1 @101"]], "everywhere behind 101: FLUSHALL", [["SET a 2 @103"]]]);
});

test("each slot's marker is in it", () => {
  for (const slot of [0, 1, 5_000, 16_383]) expect(keySlot(Buffer.from(slotMarkerOf(slot, "m-{1}")))).toBe(slot);
});
