import { expect, test } from "bun:test";
import type { AgentReport } from "@larder/api";
import { wantedEngine } from "./wanted-engine.ts";

/** "valkey 8.0.1, redis 7.0.15, embedded 9.1.0" */
function host(text: string): Pick<AgentReport, "engines"> {
  const engines = text.split(", ").map((engine) => {
    const [name, version = ""] = engine.split(" ");
    const kind = name === "embedded" ? ("embedded" as const) : ("native" as const);
    return {
      name: name === "redis" ? ("redis" as const) : ("valkey" as const),
      version,
      kind,
      path: "/engine",
      memoryBytesMax: null,
      hasTls: true,
    };
  });
  return { engines };
}

test.each<[string, string[], string | undefined]>([
  ["latest", ["redis 7.0.15, valkey 8.0.1"], "valkey 8.0.1"],
  ["latest", ["valkey 8.0.1, valkey 8.1.0", "valkey 8.1.0"], "valkey 8.1.0"],
  ["latest", ["valkey 8.0.1, redis 7.0.15", "redis 7.0.15"], "redis 7.0.15"],
  ["latest", ["valkey 8.0.1", "redis 7.0.15"], undefined],
  ["latest", ["embedded 9.1.0"], undefined],
  ["latest", ["embedded 9.1.0, redis 7.2.4"], "redis 7.2.4"],
  ["latest", [], undefined],
  ["6", ["redis 7.0.15, redis 6.2.6"], "redis 7.0.15"],
  ["6", ["valkey 8.0.1, redis 6.2.6"], "valkey 8.0.1"],
  ["7.0", ["valkey 8.0.1, redis 7.0.15"], "redis 7.0.15"],
  ["7.0", ["valkey 8.0.1, redis 7.0.11, redis 7.0.15"], "redis 7.0.15"],
  ["7.0", ["valkey 8.0.1, redis 7.0.15", "valkey 8.0.1"], "valkey 8.0.1"],
  ["7.0.15", ["valkey 8.0.1, redis 7.0.15"], "redis 7.0.15"],
  ["7", ["redis 6.2.6"], undefined],
  ["7.0", ["redis 6.2.6"], undefined],
])("%s of %j: %p", (redisVersion, hosts, wanted) => {
  const engine = wantedEngine(redisVersion, hosts.map(host));
  expect(engine ? `${engine.name} ${engine.version}` : undefined).toBe(wanted as string);
});
