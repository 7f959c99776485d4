/** Who is let in, and how fast somebody may be wrong. */
import { beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { RouteUser } from "@larder/api";
import type { Clock } from "@larder/service";
import { limits } from "../limits.ts";
import { LogIns, type LoginVerdict } from "./log-ins.ts";
import { LoginThrottle } from "./login-throttle.ts";
import { RouteUsers } from "./route-users.ts";

let nowMs = 0;
let sleeps: { ms: number; wake: () => void }[] = [];
const clock: Clock = {
  nowMs: () => nowMs,
  monotonicMs: () => nowMs,
  sleep: (ms) => new Promise((wake) => sleeps.push({ ms, wake })),
};
const login = { engineUser: "larder-app", enginePassword: "secret" };
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const byKey: RouteUser = {
  name: "default",
  needsPassword: true,
  passwordSha256: [sha256("one"), sha256("two")],
  objectId: null,
  ...login,
};
const users = new RouteUsers({ users: [byKey], ownLogin: login });
let logIns: LogIns;

beforeEach(() => {
  sleeps = [];
  logIns = new LogIns({ clock, askForKey: async () => {} });
});

function judge(password: string, address = "10.0.0.1"): LoginVerdict | Promise<LoginVerdict> {
  return logIns.judge({ name: "default", password: Buffer.from(password), address, isTls: true, users: () => users });
}

function fail(times: number, address?: string): void {
  for (let index = 0; index < times; index++) expect(judge("wrong", address)).toMatchObject({ user: null });
}

test("either key counts, and nothing else", () => {
  for (const key of ["one", "two"]) expect(judge(key)).toMatchObject({ user: byKey, endsMs: null });
  for (const key of ["", "three", sha256("one")]) expect(judge(key)).toMatchObject({ user: null });
});

test("who has failed too often waits, be he right or wrong; others do not", async () => {
  fail(limits.failedLoginsBurst);
  const first = judge("wrong");
  const second = judge("one");
  expect([first, second].every((each) => each instanceof Promise)).toBe(true);
  expect(judge("one", "10.0.0.2")).toMatchObject({ user: byKey });
  const each = 1_000 / limits.failedLoginsPerSecond;
  expect(sleeps.map(({ ms }) => ms)).toEqual([each, 2 * each]);
  for (const { wake } of sleeps) wake();
  expect(await first).toMatchObject({ user: null });
  expect(await second).toMatchObject({ user: byKey });
});

test("who was right gives his turn back", async () => {
  fail(limits.failedLoginsBurst);
  for (let index = 0; index < 200; index++) {
    const verdict = judge("one");
    sleeps.pop()?.wake();
    expect(await verdict).toMatchObject({ user: byKey });
  }
});

test("where too many wait one more is refused, until there is room again", () => {
  fail(limits.failedLoginsBurst);
  for (let index = 0; index < limits.failedLoginsWaitingMax; index++) expect(judge("wrong")).toBeInstanceOf(Promise);
  expect(judge("one")).toMatchObject({ user: null, isLast: true });
  nowMs += 1_000;
  expect(judge("one")).toBeInstanceOf(Promise);
  nowMs += 60_000;
  expect(judge("one")).toMatchObject({ user: byKey });
});

test("a network of 64 bits is one address, and what is over is forgotten", () => {
  fail(limits.failedLoginsBurst, "2001:db8::1");
  expect(judge("one", "2001:db8::2")).toBeInstanceOf(Promise);
  expect(judge("one", "2001:db8:0:1::2")).toMatchObject({ user: byKey });
  expect(logIns.gauges().larder_gateway_addresses_failing).toBe(1);
  nowMs += 60_000;
  logIns.sweep();
  expect(logIns.gauges().larder_gateway_addresses_failing).toBe(0);
});

test("a user whose assignment names him as another one's object cannot be him", () => {
  const tokenUser = (name: string, objectId: string): RouteUser => ({ ...byKey, name, passwordSha256: [], objectId });
  const both = new RouteUsers({ users: [byKey, tokenUser("default", "a"), tokenUser("A", "b")], ownLogin: login });
  expect(both.find("default")).toBe(byKey);
  expect(both.find("a")?.objectId).toBe("a");
  expect(both.find("B")?.objectId).toBe("b");
  expect(both.find("DEFAULT")?.objectId).toBe("a");
  expect(both.present(tokenUser("renamed", "B"))?.objectId).toBe("b");
});

test("however many were wrong at once, whoever shares their address is slowed down and not shut out", () => {
  const throttle = new LoginThrottle(clock);
  for (let count = 0; count < 4_000; count++) expect(throttle.pauseMs("10.0.0.1")).toBe(0);
  for (let count = 0; count < 4_000; count++) throttle.ended("10.0.0.1", { isGood: false, hasWaited: false });
  expect(throttle.pauseMs("10.0.0.1")).toBe(1_000 / limits.failedLoginsPerSecond);
});

test("an address has one allowance at all workers: as many tries as at one, and one pace for all who wait", () => {
  const workers: LoginThrottle[] = Array.from(
    { length: 4 },
    (_, own) =>
      new LoginThrottle(clock, (taken) => {
        for (const [index, other] of workers.entries()) if (index !== own) other.takenElsewhere(taken);
      }),
  );
  const next = (index: number) => workers[index % workers.length] as LoginThrottle;
  let failures = 0;
  for (let index = 0; next(index).pauseMs("10.0.0.1") === 0; index++, failures++)
    next(index).ended("10.0.0.1", { isGood: false, hasWaited: false });
  expect(failures).toBe(limits.failedLoginsBurst);
  const pauses = Array.from({ length: 4 }, (_, index) => next(index).pauseMs("10.0.0.1"));
  const each = 1_000 / limits.failedLoginsPerSecond;
  expect(pauses).toEqual([2, 3, 4, 5].map((turn) => turn * each));
  expect(next(0).pauseMs("10.0.0.2")).toBe(0);
  for (let index = 0; index < 5; index++) next(index).ended("10.0.0.1", { isGood: true, hasWaited: true });
  for (const worker of workers) expect(worker.pauseMs("10.0.0.1")).not.toBeNull();
});

test("what others were told of is counted where it was, and is forgotten like the rest", () => {
  const throttle = new LoginThrottle(clock);
  throttle.takenElsewhere({ network: "10.0.0.1", failures: 1_000, turns: 0 });
  expect(throttle.addressCount).toBe(0);
  expect(throttle.pauseMs("10.0.0.1")).toBe(1_000 / limits.failedLoginsPerSecond);
  expect(throttle.addressCount).toBe(1);
  throttle.takenElsewhere({ network: "10.0.0.1", failures: 0, turns: 1_000 });
  expect(throttle.pauseMs("10.0.0.1")).toBeNull();
  nowMs += 60_000;
  throttle.sweep();
  expect(throttle.addressCount).toBe(0);
});
