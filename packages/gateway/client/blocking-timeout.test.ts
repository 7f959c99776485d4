import { expect, test } from "bun:test";
import { collectArguments, encodeRequest } from "@larder/resp";
import { withRemainingTimeout } from "./blocking-timeout.ts";

function after(elapsedMs: number, line: string): string {
  const rest = withRemainingTimeout(encodeRequest(line.split(" ")), elapsedMs);
  return collectArguments(rest, 0).join(" ");
}

test("what is left of the timeout, wherever it stands", () => {
  expect(after(1500, "BLPOP a b 4")).toBe("BLPOP a b 2.5");
  expect(after(250, "blmove a b LEFT RIGHT 0.5")).toBe("blmove a b LEFT RIGHT 0.25");
  expect(after(1000, "BLMPOP 3 2 a b LEFT")).toBe("BLMPOP 2 2 a b LEFT");
  expect(after(1000, "BZMPOP 3 1 z MIN")).toBe("BZMPOP 2 1 z MIN");
  expect(after(400, "XREADGROUP GROUP block block BLOCK 1000 STREAMS s >")).toBe(
    "XREADGROUP GROUP block block BLOCK 600 STREAMS s >",
  );
  expect(after(400, "XREAD COUNT 1 block 1000 STREAMS s $")).toBe("XREAD COUNT 1 block 600 STREAMS s $");
});

test("for ever stays for ever", () => {
  expect(after(5000, "BLPOP a 0")).toBe("BLPOP a 0");
  expect(after(5000, "XREAD BLOCK 0 STREAMS s 0")).toBe("XREAD BLOCK 0 STREAMS s 0");
});

test("a timeout that is over becomes one millisecond, not for ever", () => {
  expect(after(9000, "BLPOP a 4")).toBe("BLPOP a 0.001");
  expect(after(9000, "XREAD BLOCK 10 STREAMS s 0")).toBe("XREAD BLOCK 1 STREAMS s 0");
});
