import { expect, test } from "bun:test";
import { type CommandTable, encodeRequest } from "@larder/resp";
import { buildCommandTable, outcomeUnknownMark } from "../commands/command-classes.ts";
import { planReplay } from "./replay.ts";

const commands: CommandTable = buildCommandTable(
  [
    ["get", 2, ["readonly", "fast"]],
    ["incr", 2, ["write", "fast"]],
    ["ping", -1, ["fast"]],
    ["multi", 1, ["fast"]],
    ["exec", 1, ["noscript"]],
  ],
  { learnedSlow: new Set(), refused: [], countsReceivers: false },
);

/** "get incr" with `answered` of them answered and `sent` of them sent, as the names that are taken up again. */
function replay(names: string, given: { answered?: number; sent: number; sentPart?: number }): string {
  const requests = names
    .split(" ")
    .map((name) => encodeRequest(name === "get" || name === "incr" ? [name, "k"] : [name]));
  const bytes = Buffer.concat(requests);
  const sent = Buffer.concat(requests.slice(0, given.sent)).length + (given.sentPart ?? 0);
  const unanswered = requests.length - (given.answered ?? 0);
  const plan = planReplay(bytes, { start: 0, end: bytes.length, sent, unanswered }, commands);
  const again = plan.requests
    .toString()
    .split("\r\n")
    .filter((line) => /^[a-z.]/.test(line) && line !== "k");
  expect(again.filter((name) => name === outcomeUnknownMark)).toHaveLength(plan.unknown);
  return again.map((name) => (name === outcomeUnknownMark ? "?" : name)).join(" ");
}

test("reads are sent again, writes are unknown, in their order", () => {
  expect(replay("get incr get ping incr", { sent: 5 })).toBe("get ? get ping ?");
});

test("what was not wholly sent is sent again", () => {
  expect(replay("incr incr incr", { sent: 1 })).toBe("? incr incr");
  expect(replay("incr incr incr", { sent: 1, sentPart: 5 })).toBe("? incr incr");
});

test("what was answered is left alone", () => {
  expect(replay("incr get incr", { answered: 2, sent: 3 })).toBe("?");
  expect(replay("incr incr", { answered: 1, sent: 1 })).toBe("incr");
});

test("a transaction is sent again whole or not at all", () => {
  expect(replay("get multi get incr exec get", { sent: 1 })).toBe("get multi get incr exec get");
  expect(replay("multi get exec get", { sent: 4 })).toBe("? ? ? get");
  expect(replay("multi get exec", { sent: 2 })).toBe("? ? ?");
  expect(replay("multi get exec", { answered: 1, sent: 3 })).toBe("? ?");
});

test("an EXEC whose MULTI went before is never sent again", () => {
  expect(replay("exec", { sent: 0 })).toBe("?");
});

test("a command that nobody knows is unknown", () => {
  expect(replay("magic", { sent: 1 })).toBe("?");
});
