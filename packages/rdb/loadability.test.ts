import { expect, test } from "bun:test";
import type { RdbEncodingName } from "./encodings.ts";
import { rdbVersionOf, type TargetEngine } from "./engine-versions.ts";
import { loadability } from "./loadability.ts";

function engine(text: string): TargetEngine {
  const [name, version] = text.split(" ") as [TargetEngine["name"], string];
  return { name, version };
}

test("the version of each release is that of the last one that changed it", () => {
  const versions = ["2.4", "2.8.24", "4.0.14", "6.2.14", "7.0.15", "7.2.4", "8.0.2", "8.6.0", "9.0"];
  expect(versions.map((version) => rdbVersionOf(engine(`redis ${version}`)))).toEqual([0, 6, 8, 9, 10, 11, 12, 13, 14]);
  expect(["valkey 8.0.1", "valkey 9.1.2"].map((each) => rdbVersionOf(engine(each)))).toEqual([11, 80]);
});

test.each<[RdbEncodingName, string, string]>([
  ["string", "redis 6.2.14", "payload 1"],
  ["hash-zipmap", "valkey 9.1.2", "payload 2"],
  ["set-listpack", "redis 7.0.15", "commands"],
  ["set-listpack", "redis 7.4.1", "payload 11"],
  ["list-quicklist-2", "redis 6.2.14", "commands"],
  ["stream-listpacks-3", "redis 7.0.15", "commands"],
  ["stream-listpacks-3", "redis 6.2.14", "commands without stream counters"],
  ["stream-listpacks", "redis 4.0.9", "redis 4.0.9 has no streams"],
  ["hash-2", "valkey 9.1.2", "payload 80"],
  ["hash-2", "redis 7.4.1", "commands"],
  ["hash-2", "valkey 8.0.1", "commands without field expiry"],
  ["hash-listpack-ex", "redis 7.4.1", "payload 12"],
  ["hash-listpack-ex", "valkey 9.1.2", "commands"],
  ["stream-listpacks-4", "valkey 9.1.2", "commands without stream producers"],
  ["module-2", "redis 6.2.14", "payload 8"],
])("%s into %s: %s", (encoding, target, expected) => {
  const how = loadability(encoding, engine(target));
  if (how.way === "payload") expect(`payload ${how.version}`).toBe(expected);
  else if (how.way === "refused") expect(how.why).toBe(expected);
  else expect(["commands", ...how.losses.map((loss) => `without ${loss}`)].join(" ")).toBe(expected);
});
