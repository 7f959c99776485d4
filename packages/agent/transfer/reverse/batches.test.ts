/** Batches that go on in the middle of a stream. */
import { expect, test } from "bun:test";
import { encodeRequest } from "@larder/resp";
import { NodeCommands } from "../migrate/node-commands.ts";
import { Batches } from "./batches.ts";

const commands = new NodeCommands(
  ["SELECT", "SET"].map((name) => [Buffer.from(name), 0, [], name === "SET" ? 1 : 0, name === "SET" ? 1 : 0, 1]),
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
