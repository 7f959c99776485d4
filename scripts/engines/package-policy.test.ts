import { expect, test } from "bun:test";
import { isUsableEngine, parsePolicy } from "./package-policy.ts";

test("policy: installed, available, and known only by name", () => {
  const output = `valkey-server:
  Installed: (none)
  Candidate: 8.0.1+dfsg1-1~bpo12+1
  Version table:
     8.0.1+dfsg1-1~bpo12+1 100
redis-server:
  Installed: 5:7.0.15-1~deb12u10
  Candidate: 5:7.0.15-1~deb12u10
valkey:
  Installed: (none)
  Candidate: (none)
`;
  expect([...parsePolicy(output)]).toEqual([
    ["valkey-server", "8.0.1+dfsg1-1~bpo12+1"],
    ["redis-server", "5:7.0.15-1~deb12u10"],
  ]);
  expect(parsePolicy("").size).toBe(0);
});

test.each([
  ["valkey-server", "8.0.1+dfsg1-1~bpo12+1", true],
  ["valkey-server", "7.2.12+dfsg1-0ubuntu0.1", true],
  ["valkey-server", "9.1.2-0ubuntu1", true],
  ["redis-server", "5:7.0.15-1~deb12u10", true],
  ["redis-server", "5:7.2.4-1", true],
  ["redis-server", "5:6.0.16-1ubuntu1", false],
  ["redis-server", "5:7.4.0-1", false],
  ["redis-server", "5:8.0.2-3", false],
  ["redis-server", "unknown", false],
] as const)("%s %s: usable %p", (name, version, usable) => {
  expect(isUsableEngine(name, version)).toBe(usable);
});
