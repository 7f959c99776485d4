import { afterEach, expect, test } from "bun:test";
import { getPriority } from "node:os";
import { lowerPriority } from "./low-priority.ts";

const child = Bun.spawn(["sleep", "60"]);
afterEach(() => child.kill());

test("a process is lowered where it can be raised again, and else left where it was", async () => {
  const before = getPriority(child.pid);
  const restore = lowerPriority(child.pid);
  expect([before + 10, before, before + 1]).toContain(getPriority(child.pid));
  restore();
  expect([before, before + 1]).toContain(getPriority(child.pid));
  child.kill();
  await child.exited;
  restore();
  lowerPriority(child.pid)();
});
