import { expect, test } from "bun:test";
import { ServerTime } from "./server-time.ts";

test("the better sample counts, until it is old or the server's clock was set", () => {
  const time = new ServerTime();
  time.sample({ serverMs: 1_000_005, sentMs: 0, heardMs: 10 });
  expect(time.ofLocal(20)).toBe(1_000_020);
  time.sample({ serverMs: 1_000_110, sentMs: 100, heardMs: 140 });
  expect(time.ofLocal(200)).toBe(1_000_200);
  time.sample({ serverMs: 1_000_301, sentMs: 300, heardMs: 304 });
  expect(time.ofLocal(400)).toBe(1_000_399);
  time.sample({ serverMs: 5_000_510, sentMs: 500, heardMs: 520 });
  expect(time.ofLocal(600)).toBe(5_000_600);
  expect(time.toLocal(5_000_600)).toBe(600);
});
