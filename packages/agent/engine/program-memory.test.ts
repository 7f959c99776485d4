import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProgramMemory } from "./program-memory.ts";

const directory = mkdtempSync(join(tmpdir(), "larder-program-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** A program, and how often it was asked. */
function program(name: string) {
  const path = join(directory, name);
  writeFileSync(path, "one");
  const asked: string[] = [];
  const ask = (answer: string | undefined) => (path: string) => {
    asked.push(path);
    return Promise.resolve(answer);
  };
  return { path, asked, ask };
}

test("a program is asked once", async () => {
  const memory = new ProgramMemory();
  const { path, asked, ask } = program("once");
  expect(await memory.ask(path, ask("8.0"))).toBe("8.0");
  expect(await memory.ask(path, ask("8.1"))).toBe("8.0");
  expect(asked).toEqual([path]);
});

test("one whose file was replaced is asked again", async () => {
  const memory = new ProgramMemory();
  const { path, ask } = program("replaced");
  await memory.ask(path, ask("8.0"));
  writeFileSync(`${path}.new`, "two");
  renameSync(`${path}.new`, path);
  expect(await memory.ask(path, ask("8.1"))).toBe("8.1");
});

test("one that gave no answer is asked again, and all are once they are forgotten", async () => {
  const memory = new ProgramMemory();
  const { path, ask } = program("silent");
  expect(await memory.ask(path, ask(undefined))).toBeUndefined();
  expect(await memory.ask(path, ask("8.0"))).toBe("8.0");
  memory.clear();
  expect(await memory.ask(path, ask("8.1"))).toBe("8.1");
});

test("a program that is not there is nothing to remember", async () => {
  const memory = new ProgramMemory();
  const nobody = join(directory, "nobody");
  expect(await memory.ask(nobody, () => Promise.resolve("8.0"))).toBe("8.0");
  expect(await memory.ask(nobody, () => Promise.resolve(undefined))).toBeUndefined();
});
