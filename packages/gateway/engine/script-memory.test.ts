import { expect, test } from "bun:test";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { ScriptMemory } from "./script-memory.ts";

const words = (...texts: string[]) => texts.map((text) => Buffer.from(text));
const bodiesOf = (memory: ScriptMemory) => [...memory.bodies].map(String);

test("remembers what EVAL and SCRIPT LOAD put into the engine, once, until SCRIPT FLUSH", () => {
  const memory = new ScriptMemory();
  memory.note(words("EVAL", "return 1", "0"));
  memory.note(words("script", "LOAD", "return 2"));
  memory.note(words("EVALSHA", "0123", "0"));
  memory.note(words("eval", "return 1", "0"));
  expect(bodiesOf(memory)).toEqual(["return 2", "return 1"]);
  memory.note(words("SCRIPT", "FLUSH", "ASYNC"));
  expect(bodiesOf(memory)).toEqual([]);
  expect(memory.bytes).toBe(0);
});

test("forgets the ones not used for longest when there are too many", () => {
  const memory = new ScriptMemory();
  const before = counters.larder_gateway_scripts_forgotten_total;
  const large = (name: string) => `return '${name}${"x".repeat(limits.scriptBytesMax / 2 - 20)}'`;
  for (const name of ["a", "b", "a", "c"]) memory.note(words("EVAL", large(name), "0"));
  expect(bodiesOf(memory).map((body) => body[8])).toEqual(["a", "c"]);
  memory.note(words("EVAL", "y".repeat(limits.scriptBytesMax + 1), "0"));
  expect(bodiesOf(memory)).toHaveLength(2);
  expect(counters.larder_gateway_scripts_forgotten_total).toBe(before + 2);
});
