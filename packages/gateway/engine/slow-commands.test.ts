import { expect, test } from "bun:test";
import { limits } from "../limits.ts";
import { learnSlow, parseCommandTimes } from "./slow-commands.ts";

const over = limits.slowCommandUsec + 1;
const times = (text: string) =>
  parseCommandTimes(
    text.replace(
      /(\w+)=(\d+)x(\d+)/g,
      (_, name, calls, mean) => `cmdstat_${name}:calls=${calls},usec=${calls * mean},x\r`,
    ),
  );

test("reads INFO commandstats as Valkey 8.0 words it", () => {
  const info =
    "# Commandstats\r\ncmdstat_get:calls=2,usec=14,usec_per_call=7.00,rejected_calls=0,failed_calls=0\r\n" +
    "cmdstat_client|id:calls=1,usec=4,usec_per_call=4.00,rejected_calls=0,failed_calls=0\r\n";
  expect([...parseCommandTimes(info)]).toEqual([["get", { calls: 2, usec: 14 }]]);
});

test("a command is slow by its mean time since the last look", () => {
  const before = times("zunion=1000x1\nget=10x1");
  const now = parseCommandTimes(`cmdstat_zunion:calls=1010,usec=${1000 + 10 * over}\ncmdstat_get:calls=20,usec=20`);
  expect([...learnSlow(new Set(), before, now).slow]).toEqual(["zunion"]);
});

test("it stays slow until it is clearly faster, and while it is not called", () => {
  const known = new Set(["zunion"]);
  const of = (mean: number) => learnSlow(known, times(""), times(`zunion=10x${mean}`));
  expect(of(limits.slowCommandUsec - 1)).toEqual({ slow: known, isChanged: false });
  expect(of(limits.slowCommandUsec / 2 - 1)).toEqual({ slow: new Set(), isChanged: true });
  const same = times("zunion=10x1");
  expect(learnSlow(known, same, same).isChanged).toBe(false);
});

test("statistics that begin anew are taken as they are", () => {
  expect([...learnSlow(new Set(), times("zunion=1000x1"), times(`zunion=5x${over}`)).slow]).toEqual(["zunion"]);
});
