import { expect, test } from "bun:test";
import { identifyProcess, isAlive, parsePs, parseStat, signalProcess } from "./process.ts";

test("the start time is field 22, whatever the name", () => {
  const rest = Array.from({ length: 30 }, (_, index) => index + 4).join(" ");
  expect(parseStat(`7 (valkey-server) S ${rest}`)).toBe("22");
  expect(parseStat(`7 (a) b) (c) R ${rest}`)).toBe("22");
  expect(parseStat(`7 (valkey-server) Z ${rest}`)).toBeUndefined();
});

test("ps tells the start time and the zombies", () => {
  expect(parsePs("Ss   Sat Nov 21 09:16:39 2026    \n")).toBe("Sat Nov 21 09:16:39 2026");
  expect(parsePs("Z+   Sat Nov 21 09:16:39 2026\n")).toBeUndefined();
  expect(parsePs("")).toBeUndefined();
});

test("a process is known by its start time too", async () => {
  const own = await identifyProcess(process.pid);
  if (own === undefined) throw new Error("this process was not found");
  expect(await isAlive(own)).toBe(true);
  const other = { ...own, startTime: "another" };
  expect(await isAlive(other)).toBe(false);
  expect(await signalProcess(other, "SIGKILL")).toBe(false);
});
