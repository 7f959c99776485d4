import { describe, expect, test } from "bun:test";
import { systemClock, systemRandomness } from "@larder/service";
import { dnsNamesOf, hasNames, isNearEnd, pairProblem, renewAtMs } from "./certificate-rules.ts";
import { issueAuthority, issueServerCertificate } from "./issue.ts";

const dayMs = 86_400_000;
const nowMs = systemClock.nowMs();
const validity = { notBefore: new Date(nowMs - dayMs), notAfter: new Date(nowMs + dayMs) };
const names = { dns: ["*.cache.example", "cache.example"], ip: ["127.0.0.1"] };
const authority = await issueAuthority(validity, systemRandomness);
const issue = () => issueServerCertificate(authority, names, validity, systemRandomness);
const [pair, other] = [await issue(), await issue()];

test.each([
  ["is served", pair, 0, undefined],
  ["of another key", { ...pair, keyPem: other.keyPem }, 0, "does not belong"],
  ["that has expired", pair, 2 * dayMs, "has expired"],
  ["that has not begun", pair, -2 * dayMs, "not good before"],
  ["that is none", { ...pair, certificatePem: "text" }, 0, "no PEM of a certificate"],
  ["without a key", { ...pair, keyPem: "" }, 0, "no PEM of a private key"],
])("a certificate %s", (_, given, laterMs, problem) => {
  const found = pairProblem(given, nowMs + laterMs);
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
});

test("names are found as they are written", () => {
  expect(dnsNamesOf(pair.certificatePem)).toEqual(names.dns);
  expect(hasNames(pair.certificatePem, ["*.CACHE.example"])).toBe(true);
  expect(hasNames(pair.certificatePem, ["shop.cache.example"])).toBe(false);
});

describe("of 90 days", () => {
  const life = { beginsMs: 0, endsMs: 90 * dayMs };
  test("it is renewed on day 60, or a little earlier", () => {
    expect(renewAtMs(life, 0) / dayMs).toBeCloseTo(60);
    expect(renewAtMs(life, 1) / dayMs).toBeCloseTo(55.5);
  });
  test("its owner is told in the last days", () => {
    expect([80, 82].map((day) => isNearEnd(life, day * dayMs))).toEqual([false, true]);
    expect(isNearEnd({ beginsMs: 0, endsMs: 400 * dayMs }, 387 * dayMs)).toBe(true);
  });
});
