import { expect, test } from "bun:test";
import { CommandTable, encodeRequest } from "@larder/resp";
import { buildCommandTable, mayWrite } from "../commands/command-classes.ts";
import { WriteSpotter } from "./write-spotter.ts";

const command = (name: string, flags: string[], subcommands: unknown[] = []) =>
  [name, -1, flags, 0, 0, 0, [], [], [], subcommands] as never;

const table = buildCommandTable(
  [
    command("get", ["readonly"]),
    command("set", ["write"]),
    command("eval", ["noscript"]),
    command("eval_ro", ["readonly"]),
    command("publish", ["pubsub"]),
    command("xgroup", [], [command("xgroup|create", ["write"])]),
    command("config", [], [command("config|get", ["admin"])]),
    command("json.get", ["readonly", "module"]),
    command("search.tune", ["module"]),
    command("multi", []),
    command("exec", []),
    command("discard", []),
  ],
  { learnedSlow: new Set(), refused: [], countsReceivers: false },
);

/** "get 2 set 1" as reads and writes: "r2 w1". */
function spotted(spotter: WriteSpotter, ...commands: string[]): string {
  const bytes = Buffer.concat(commands.map((words) => encodeRequest(words.split(" "))));
  const stretches = spotter.stretches(bytes, 0, bytes.length, table);
  return stretches.map(({ count, writes }) => `${writes ? "w" : "r"}${count}`).join(" ");
}

test.each([
  ["set k v", true],
  ["SET k v", true],
  ["get k", false],
  ["eval x 0", true],
  ["eval_ro x 0", false],
  ["publish c m", false],
  ["xgroup create k g $", true],
  ["config get x", false],
  ["json.get k", false],
  ["search.tune k", true],
  ["unheard.of k", true],
])("%s: %p", (words, writes) => {
  expect(spotted(new WriteSpotter(), words)).toBe(writes ? "w1" : "r1");
});

test("stretches of commands that are alike", () => {
  expect(spotted(new WriteSpotter(), "get a", "get b", "set a 1", "set b 1", "set c 1", "get a")).toBe("r2 w3 r1");
});

test("of a transaction only EXEC writes, and only if something in it does", () => {
  expect(spotted(new WriteSpotter(), "multi", "set a 1", "get a", "exec", "set b 1")).toBe("r3 w2");
  expect(spotted(new WriteSpotter(), "multi", "get a", "exec", "set b 1")).toBe("r3 w1");
  expect(spotted(new WriteSpotter(), "multi", "set a 1", "discard", "multi", "get a", "exec")).toBe("r6");
});

test("a transaction may come in parts", () => {
  const spotter = new WriteSpotter();
  expect([spotted(spotter, "multi"), spotted(spotter, "set a 1"), spotted(spotter, "exec")]).toEqual([
    "r1",
    "r1",
    "w1",
  ]);
  expect([spotted(spotter, "multi"), spotter.nextLarge(), spotted(spotter, "exec")]).toEqual(["r1", false, "w1"]);
  expect(spotter.nextLarge()).toBe(true);
});

test("what the engine refuses as MULTI begins no transaction, and EXEC may end one that nobody saw begin", () => {
  expect(spotted(new WriteSpotter(), "multi x", "set a 1")).toBe("r1 w1");
  expect(spotted(new WriteSpotter(), "exec")).toBe("w1");
});

test("without a table everything may write", () => {
  const bytes = encodeRequest(["get", "k"]);
  expect(new WriteSpotter().stretches(bytes, 0, bytes.length, null)).toEqual([{ count: 1, writes: true }]);
  expect(new WriteSpotter().stretches(bytes, 0, bytes.length, new CommandTable(new Map()))).toEqual([
    { count: 1, writes: true },
  ]);
  expect(mayWrite(0)).toBe(false);
});
