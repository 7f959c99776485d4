/** Batches that go on in the middle of a stream. */
import { expect, test } from "bun:test";
import { encodeRequest } from "@larder/resp";
import { NodeCommands } from "../migrate/node-commands.ts";
import { Batches } from "./batches.ts";

const commands = new NodeCommands(
  ["SELECT", "SET", "MULTI", "EXEC"].map((name) => [
    Buffer.from(name),
    0,
    [],
    name === "SET" ? 1 : 0,
    name === "SET" ? 1 : 0,
    1,
  ]),
);

function commandsFrom(database: number, chosen: number[], bytes: Buffer): string[] {
  const filter = { prefixes: [], databases: chosen };
  const options = { commands, filter, databases: 16, from: { history: "a", offset: 0 }, lacksPxat: false };
  const batches = new Batches(options, database).push(bytes);
  return batches.flatMap((batch) => batch.commands.map((words) => words.map(String).join(" ")));
}

test("the chosen databases count from the one that was selected at the place on", () => {
  const bytes = encodeRequest(["SET", "key", "value"]);
  expect(commandsFrom(3, [3], bytes)).toEqual(["SET key value"]);
  expect(commandsFrom(3, [0], bytes)).toEqual([]);
});

test("a transaction stays whole, and one that is too large is refused before it is held", () => {
  const options = { commands, filter: { prefixes: [], databases: [] }, databases: 16, lacksPxat: false };
  const batches = new Batches({ ...options, from: { history: "a", offset: 0 } }, 0);
  const set = encodeRequest(["SET", "key", "v".repeat(1024 * 1024)]);
  expect(batches.push(encodeRequest(["MULTI"]))).toEqual([]);
  expect(batches.push(set)).toEqual([]);
  expect(batches.push(set)).toEqual([]);
  expect(batches.push(encodeRequest(["EXEC"]))[0]?.commands).toHaveLength(2);
  batches.push(encodeRequest(["MULTI"]));
  expect(() => {
    for (let count = 0; count < 64; count++) batches.push(set);
  }).toThrow(/transaction that takes more than 64 MiB/);
});

test("the smallest commands are not held without bound either", () => {
  const options = { commands, filter: { prefixes: [], databases: [] }, databases: 16, lacksPxat: false };
  const batches = new Batches({ ...options, from: { history: "a", offset: 0 } }, 0);
  batches.push(encodeRequest(["MULTI"]));
  const many = Buffer.concat(new Array<Buffer>(30_000).fill(encodeRequest(["SET", "k", "v"])));
  expect(() => {
    for (let count = 0; count < 10; count++) batches.push(many);
  }).toThrow(/transaction/);
});
