import { expect, test } from "bun:test";
import { encodeRequest, type Reply } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { buildCommandTable } from "../commands/command-classes.ts";
import { planReplay, type ReplayPlan, unansweredOf } from "./replay.ts";
import { isTelling, SteppingDown } from "./stepping-down.ts";

const command = (name: string, flag: string): Reply => [name, -1, [flag]];
const table = buildCommandTable(
  [command("get", "readonly"), command("incr", "write"), command("eval", "noscript"), command("publish", "fast")],
  { learnedSlow: new Set(), refused: [], countsReceivers: false },
);

const readonly = "-READONLY You can't write against a read only replica.\r\n";

class Client {
  told = "";
  plan: ReplayPlan | null = null;
  onServerLost(_count: number, lost: { plan: ReplayPlan | null }): void {
    this.plan = lost.plan;
  }
}

/** What clients are told, and what of their commands goes again, with replies that come in pieces of `size`. */
function outcome(
  lines: readonly [client: string, line: string, reply: string][],
  size: number,
): Record<string, string> {
  const clients = new Map(lines.map(([name]) => [name, new Client()]));
  const inFlight = [...clients].flatMap(([name, client]) => {
    const requests = lines.filter(([of]) => of === name).map(([, line]) => encodeRequest(line.split(" ")));
    const bytes = Buffer.concat(requests);
    const run = { start: 0, end: bytes.length, sent: bytes.length, unanswered: requests.length };
    const commands = unansweredOf(bytes, run, table);
    return commands.map((each) => ({ ...each, client: client as unknown as ClientConnection, treatment: null, name }));
  });
  const ordered = lines.map(
    ([name]) =>
      inFlight.splice(
        inFlight.findIndex((each) => each.name === name),
        1,
      )[0],
  );
  const steppingDown = new SteppingDown(ordered as NonNullable<(typeof ordered)[0]>[], ({ name }, piece) => {
    (clients.get(name) as Client).told += piece.bytes.toString("latin1", piece.start, piece.end);
  });
  const replies = Buffer.from(lines.map(([, , reply]) => reply).join(""));
  for (let start = 0; start < replies.length; start += size)
    expect(steppingDown.take(replies.subarray(start, start + size))).toBe(true);
  expect(steppingDown.isOver).toBe(replies.length > 0 && lines.every(([, , reply]) => reply !== ""));
  steppingDown.end(null);
  return Object.fromEntries(
    [...clients].map(([name, { told, plan }]) => [
      name,
      `${brief(told)}|${plan === null ? "" : brief(plan.requests.toString("latin1"))}`,
    ]),
  );
}

function brief(text: string): string {
  return text
    .replaceAll(readonly, "READONLY ")
    .replaceAll(/-OUTCOMEUNKNOWN[^\r]*\r\n/g, "UNKNOWN ")
    .replaceAll(/\*\d+\r\n|\$\d+\r\n/g, "")
    .replaceAll("\r\n", " ")
    .trim();
}

test.each([1, 3, 1000])("what one client is refused goes again, and its reads behind it (pieces of %d)", (size) => {
  expect(
    outcome(
      [
        ["a", "INCR n", readonly],
        ["b", "GET k", "$3\r\nold\r\n"],
        ["a", "GET n", "$1\r\n1\r\n"],
        ["b", "INCR n", readonly],
        ["a", "INCR k", "-WRONGTYPE Operation against a key\r\n"],
        ["c", "GET k", "-MASTERDOWN Link with MASTER is down\r\n"],
      ],
      size,
    ),
  ).toEqual({ a: "|INCR n GET n INCR k", b: "old|INCR n", c: "|GET k" });
});

test("who has a script, a transaction or PUBLISH behind a refused command is told the errors", () => {
  expect(
    outcome(
      [
        ["a", "INCR n", readonly],
        ["b", "INCR n", readonly],
        ["a", "EVAL x", "+done\r\n"],
        ["b", "PUBLISH c m", ":0\r\n"],
        ["a", "INCR n", readonly],
        ["c", "MULTI", "+OK\r\n"],
        ["c", "INCR n", readonly],
        ["c", "EXEC", "-EXECABORT\r\n"],
      ],
      1000,
    ),
  ).toEqual({ a: "READONLY +done|INCR n", b: "READONLY :0|", c: "+OK READONLY -EXECABORT|" });
});

test("a write that is executed behind a refused one ends the repetition: their order would change", () => {
  expect(
    outcome(
      [
        ["a", "INCR n", readonly],
        ["a", "GET n", "$1\r\n1\r\n"],
        ["a", "INCR n", ":2\r\n"],
      ],
      1000,
    ),
  ).toEqual({ a: "READONLY UNKNOWN :2|" });
});

test("when the engine is lost before all is answered, reads go again and of other commands nobody knows", () => {
  expect(
    outcome(
      [
        ["a", "INCR n", readonly],
        ["a", "INCR n", ""],
        ["b", "GET k", ""],
        ["b", "INCR n", ""],
      ],
      1000,
    ),
  ).toEqual({ a: "|INCR n larder.outcomeunknown", b: "|GET k larder.outcomeunknown" });
});

test("the errors of scripts say nothing of the engine", () => {
  const run = encodeRequest(["EVAL", "return redis.error_reply('READONLY no')", "0"]);
  const [script] = unansweredOf(run, { start: 0, end: run.length, sent: run.length, unanswered: 1 }, table);
  expect(isTelling({ ...script, client: null, treatment: null } as never)).toBe(false);
  expect(planReplay(run, { start: 0, end: run.length, sent: run.length, unanswered: 1 }, table).unknown).toBe(1);
});
