import { expect, test } from "bun:test";
import { parseConfiguration, parseLarderSettings, parsePairs, parseSku } from "./cache-arguments.ts";

test.each([
  ["C0", "Basic", "C", 0],
  ["c6", "Basic", "C", 6],
  ["P1", "Premium", "P", 1],
  ["Basic_C0", "Basic", "C", 0],
  ["Basic C0", "Basic", "C", 0],
  ["standard-c2", "Standard", "C", 2],
  ["STANDARD_C3", "Standard", "C", 3],
  ["Premium P5", "Premium", "P", 5],
] as const)("%s is a size", (text, name, family, capacity) => {
  expect(parseSku(text)).toEqual({ name, family, capacity });
});

test.each(["", "C7", "P0", "P6", "Premium_C1", "Basic_P1", "X1", "C", "Huge_C0", "C00"])("%p is none", (text) => {
  expect(() => parseSku(text)).toThrow(`There is no size "${text}".`);
});

test("pairs", () => {
  expect(parsePairs("--tag", ["a=1", "b=x=y", "c="])).toEqual({ a: "1", b: "x=y", c: "" });
  for (const bad of ["a", "=1", ""]) expect(() => parsePairs("--tag", [bad])).toThrow("--tag takes name=value");
});

test("settings", () => {
  expect(parseConfiguration({})).toBeUndefined();
  expect(parseConfiguration({ policy: "noeviction", config: ["maxclients=10"] })).toEqual({
    maxclients: "10",
    "maxmemory-policy": "noeviction",
  });
});

test("a setting that is secret comes from a file", () => {
  const config = ["rdb-storage-connection-string=@secret", "maxclients=10"];
  const read = (file: string) => `AccountName=${file};AccountKey=x==\n`;
  expect(parseConfiguration({ config }, read)).toEqual({
    "rdb-storage-connection-string": "AccountName=secret;AccountKey=x==",
    maxclients: "10",
  });
  expect(() => parseConfiguration({ config: ["a=@/not/there"] })).toThrow("/not/there cannot be read");
});

test("switches", () => {
  expect(parseLarderSettings({})).toBeUndefined();
  expect(parseLarderSettings({ durableWrites: "on" })).toEqual({ durableWrites: true });
  expect(parseLarderSettings({ durableWrites: "off", replicaReads: "on" })).toEqual({
    durableWrites: false,
    replicaReads: true,
  });
});
