import { expect, test } from "bun:test";
import { compareByPreference, type EngineVersion } from "@larder/api";
import { isAtLeast, isSupported, parseVersion } from "./version.ts";

const valkey = (version: string): EngineVersion => ({ name: "valkey", version });
const redis = (version: string): EngineVersion => ({ name: "redis", version });

test("versions are read from what the programs print", () => {
  const rest = "sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=39f7c371e0a96e3d\n";
  expect(parseVersion(`Valkey server v=8.0.1 ${rest}`)).toEqual(valkey("8.0.1"));
  expect(parseVersion(`Redis server v=7.0.15 ${rest}`)).toEqual(redis("7.0.15"));
  for (const text of ["", "KeyDB server v=6.3.4", "Redis server v=seven", "x Redis server v=7.0.15"])
    expect(parseVersion(text)).toBeUndefined();
});

test("Valkey from 7.2 and Redis from 6.2 to 7.2 are supported", () => {
  for (const version of ["7.2.0", "8.0.1", "9.1.1", "10.0.0"]) expect(isSupported(valkey(version))).toBe(true);
  expect(isSupported(valkey("7.1.9"))).toBe(false);
  for (const version of ["6.2.0", "7.0.15", "7.2.11"]) expect(isSupported(redis(version))).toBe(true);
  for (const version of ["6.0.16", "7.4.0", "8.2.1"]) expect(isSupported(redis(version))).toBe(false);
});

test("Valkey comes before Redis, and newer before older", () => {
  const sorted = [redis("7.2.4"), valkey("8.0.10"), redis("6.2.7"), valkey("8.0.9"), valkey("9.0.0")].sort(
    compareByPreference,
  );
  expect(sorted.map((engine) => engine.version)).toEqual(["9.0.0", "8.0.10", "8.0.9", "7.2.4", "6.2.7"]);
});

test("parts are compared as numbers", () => {
  expect(isAtLeast("7.10.0", [7, 2])).toBe(true);
  expect(isAtLeast("7.0.0", [7, 0])).toBe(true);
  expect(isAtLeast("6.2.14", [7, 0])).toBe(false);
});
