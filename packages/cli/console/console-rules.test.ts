import { describe, expect, test } from "bun:test";
import { plainColors } from "../terminal.ts";
import { formatCommandHelp } from "./command-help.ts";
import { completeLine, readCommandNames } from "./command-names.ts";
import { afterCommand, formatPrompt, initialPromptState, type PromptState } from "./prompt-state.ts";
import type { Reply } from "./reply.ts";
import { isSecret } from "./secret-line.ts";

const string = (text: string): Reply => ({ kind: "string", bytes: Buffer.from(text) });
const array = (...items: Reply[]): Reply => ({ kind: "array", items });
const ok: Reply = { kind: "status", text: "OK" };
const error: Reply = { kind: "error", text: "ERR" };
const queued: Reply = { kind: "status", text: "QUEUED" };

describe("the prompt", () => {
  function promptAfter(...steps: [string, Reply][]): string {
    let state: PromptState = initialPromptState;
    for (const [line, reply] of steps) state = afterCommand(state, line.split(" "), reply);
    return formatPrompt("shop", state);
  }

  test("shows the database once it is selected", () => {
    expect(promptAfter()).toBe("shop> ");
    expect(promptAfter(["select 1", ok])).toBe("shop[1]> ");
    expect(promptAfter(["select 99", error])).toBe("shop> ");
    expect(promptAfter(["select 1", ok], ["RESET", ok])).toBe("shop> ");
  });

  test("shows an open transaction", () => {
    expect(promptAfter(["multi", ok])).toBe("shop(TX)> ");
    expect(promptAfter(["select 1", ok], ["multi", ok], ["select 2", queued])).toBe("shop[1](TX)> ");
    expect(promptAfter(["multi", ok], ["exec", array()])).toBe("shop> ");
    expect(promptAfter(["multi", ok], ["exec", error])).toBe("shop> ");
    expect(promptAfter(["multi", ok], ["multi", error])).toBe("shop(TX)> ");
  });
});

describe("the history", () => {
  test.each([
    "auth x",
    "AUTH u p",
    "hello 3 AUTH u p",
    "acl setuser x >p",
    "config set requirepass p",
    "migrate h 1 k 0 5 AUTH p",
  ])("%s stays out of it", (line) => expect(isSecret(line.split(" "))).toBeTrue());
  test.each(["get auth", "hello 3", "acl list", "config get requirepass", "config set maxmemory 1"])(
    "%s is kept",
    (line) => expect(isSecret(line.split(" "))).toBeFalse(),
  );
});

describe("completion", () => {
  const names = readCommandNames(
    array(
      array(string("get")),
      array(
        string("config"),
        ...Array.from({ length: 8 }, () => array()),
        array(array(string("config|get")), array(string("config|set"))),
      ),
      array(string("getset")),
    ),
  );

  test.each([
    ["ge", ["get", "getset"]],
    ["GE", ["GET", "GETSET"]],
    ["config", ["config"]],
    ["config ", ["config get", "config set"]],
    ["CONFIG s", ["CONFIG SET"]],
    ["help get", ["help get", "help getset"]],
    ["get k", []],
  ])("%s", (line, expected) => {
    expect(completeLine(line, names)).toEqual(expected);
  });
});

test("help of a command", () => {
  const argument = (...fields: string[]) => array(...fields.map(string));
  const token = (name: string, text: string) => argument("name", name, "type", "pure-token", "token", text);
  const choice = array(
    ...["name", "condition", "type", "oneof", "flags"].map(string),
    array(string("optional")),
    string("arguments"),
    array(token("nx", "NX"), token("xx", "XX")),
  );
  const keys = array(...["name", "key", "type", "key", "flags"].map(string), array(string("multiple")));
  const document = array(
    string("summary"),
    string("Sets."),
    string("since"),
    string("1.0.0"),
    string("arguments"),
    array(keys, choice),
  );
  expect(formatCommandHelp(array(string("set"), document), plainColors)).toBe(
    "\n  SET key [key ...] [NX | XX]\n  summary: Sets.\n  since: 1.0.0\n\n",
  );
  expect(formatCommandHelp(array(), plainColors)).toBeUndefined();
});
