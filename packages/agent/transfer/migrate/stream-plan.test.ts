import { describe, expect, test } from "bun:test";
import type { KeyFilter } from "@larder/api";
import { encodeRequest } from "@larder/resp";
import { BadStream, CommandFrames } from "./command-frames.ts";
import { NodeCommands } from "./node-commands.ts";
import { CannotFollow, StreamPlan } from "./stream-plan.ts";

const one = [1, 1, 1];
const known: [name: string, places: number[]][] = [
  ...["set", "incr", "sadd", "srem", "rpop", "lpush", "move"].map((name): [string, number[]] => [name, one]),
  ...["rename", "copy", "smove", "lmove"].map((name): [string, number[]] => [name, [1, 2, 1]]),
  ["del", [1, -1, 1]],
  ["mset", [1, -1, 2]],
  ["bitop", [2, -1, 1]],
  ...["select", "multi", "exec", "ping", "publish", "flushall", "flushdb", "swapdb", "replconf"].map(
    (name): [string, number[]] => [name, [0, 0, 0]],
  ),
  // Their keys are not where COMMAND says.
  ...["zunionstore", "sort", "georadius", "georadiusbymember", "eval", "fcall"].map((name): [string, number[]] => [
    name,
    [0, 0, 0],
  ]),
];
const commands = new NodeCommands(known.map(([name, places]) => [Buffer.from(name), -1, [], ...places]));

/** What goes on of the commands, written as words. */
function passed(filter: Partial<KeyFilter>, ...lines: string[]): string[] {
  const chosen = { prefixes: [], databases: [], ...filter };
  const plan = new StreamPlan({ commands, filter: chosen, databases: 16 });
  const frames = new CommandFrames({ offset: 0, isWhole: true });
  frames.push(Buffer.concat(lines.map((line) => encodeRequest(line.split(" ")))));
  const told: string[] = [];
  for (let item = frames.next(); item !== null; item = frames.next()) {
    if (item.kind !== "command") continue;
    const planned = plan.take(item.frame);
    if (planned === "whole") told.push(item.frame.words().join(" "));
    else if (planned !== "nothing") told.push(wordsOf(planned.bytes));
  }
  return told;
}

function wordsOf(bytes: Buffer): string {
  const frames = new CommandFrames({ offset: 0, isWhole: true });
  frames.push(bytes);
  const item = frames.next();
  return item?.kind === "command" ? item.frame.words().join(" ") : "";
}

test("everything goes on but what is said to others than us", () => {
  const lines = ["SELECT 3", "MULTI", "SET a 1", "EXEC", "PING", "FLUSHALL"];
  expect(passed({}, ...lines, "PUBLISH c m", "REPLCONF GETACK *")).toEqual(lines);
  expect(() => passed({}, "SELECT 16")).toThrow(CannotFollow);
  expect(() => passed({}, "HEXPIRE a 1")).toThrow(/HEXPIRE/);
});

describe("of chosen prefixes", () => {
  const chosen = { prefixes: ["a:"] };
  test.each([
    ["SET a:1 v", ["SET a:1 v"]],
    ["SET b:1 v", []],
    ["DEL a:1 b:1 a:2", ["DEL a:1 a:2"]],
    ["MSET a:1 x b:1 y", ["MSET a:1 x"]],
    ["RENAME a:1 b:1", ["DEL a:1"]],
    ["SMOVE a:1 b:1 m", ["SREM a:1 m"]],
    ["LMOVE a:1 b:1 RIGHT LEFT", ["RPOP a:1"]],
    ["COPY a:1 b:1", []],
    ["BITOP AND b:1 a:1 a:2", []],
    ["ZUNIONSTORE b:1 1 a:1", []],
    ["GEORADIUSBYMEMBER a:1 store 5 km", ["GEORADIUSBYMEMBER a:1 store 5 km"]],
    ["GEORADIUSBYMEMBER a:1 store 5 km STORE b:1", []],
    [
      "GEORADIUSBYMEMBER a:1 store 5 km COUNT 3 STOREDIST a:2",
      ["GEORADIUSBYMEMBER a:1 store 5 km COUNT 3 STOREDIST a:2"],
    ],
    ["GEORADIUS a:1 1 2 3 km STORE store", []],
    ["SORT a:1 BY store GET store LIMIT 0 5 STORE a:2", ["SORT a:1 BY store GET store LIMIT 0 5 STORE a:2"]],
    ["EVAL x 1 a:1", ["EVAL x 1 a:1"]],
    ["EVAL x 1 b:1", []],
    ["ZUNIONSTORE a:1 2 a:2 a:3", ["ZUNIONSTORE a:1 2 a:2 a:3"]],
  ])("%s", (line, kept) => {
    expect(passed(chosen, line)).toEqual(kept);
  });

  test.each(["RENAME b:1 a:1", "COPY b:1 a:1", "SMOVE b:1 a:1 m", "BITOP AND a:1 b:1", "ZUNIONSTORE a:1 1 b:1"])(
    "%s cannot be followed",
    (line) => {
      expect(() => passed(chosen, line)).toThrow(CannotFollow);
    },
  );
});

test.each(["EVAL x 0", "FCALL f 0 a:1"])(
  "%s says of no key that it is touched: with prefixes it cannot be followed",
  (line) => {
    expect(() => passed({ prefixes: ["a:"] }, line)).toThrow(/names no keys/);
    expect(passed({}, line)).toEqual([line]);
  },
);

test("of chosen databases", () => {
  const chosen = { databases: [0] };
  const lines = ["SELECT 0", "SET a 1", "SELECT 2", "SET b 1", "FLUSHDB", "SELECT 0", "FLUSHDB", "MOVE a 2"];
  expect(passed(chosen, ...lines)).toEqual(["SELECT 0", "SET a 1", "SELECT 0", "FLUSHDB", "DEL a"]);
  expect(() => passed(chosen, "SWAPDB 0 2")).toThrow(CannotFollow);
  expect(() => passed(chosen, "SELECT 2", "MOVE a 0")).toThrow(CannotFollow);
});

test("commands are found however they are cut, and rubbish is no command", () => {
  const bytes = Buffer.concat([
    encodeRequest(["SET", "k", "v".repeat(300)]),
    Buffer.from("\n"),
    encodeRequest(["PING"]),
  ]);
  for (let cut = 1; cut < bytes.length; cut++) {
    const frames = new CommandFrames({ offset: 7, isWhole: false });
    const names: string[] = [];
    for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      frames.push(piece);
      for (let item = frames.next(); item !== null; item = frames.next())
        if (item.kind === "command") names.push(String(item.frame.words()[0]));
    }
    expect([names, frames.offset]).toEqual([["SET", "PING"], 7 + bytes.length]);
  }
  const frames = new CommandFrames({ offset: 7, isWhole: false });
  frames.push(Buffer.from("no command\r\n"));
  expect(() => frames.next()).toThrow(BadStream);
});
