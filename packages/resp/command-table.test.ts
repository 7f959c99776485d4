import { expect, test } from "bun:test";
import { CommandTable } from "./command-table.ts";

test("finds names in any case, and nothing else", () => {
  const table = new CommandTable(new Map(Array.from({ length: 300 }, (_, index) => [`cmd.${index}-x`, index])));
  const find = (name: string) => {
    const bytes = Buffer.from(`..${name}..`);
    return table.find(bytes, 2, 2 + name.length);
  };
  for (let index = 0; index < 300; index++) expect(find(`CmD.${index}-X`)).toBe(index);
  expect(find("cmd.300-x")).toBe(-1);
  expect(find("")).toBe(-1);
  // 0x0e and 0x2e differ only in the bit that letters' case is in.
  expect(find("cmd\x0e1-x")).toBe(-1);
});
