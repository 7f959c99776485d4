import { expect, test } from "bun:test";
import { EventWatch } from "./event-watch.ts";

test("an interruption: from the kill at 100 to the first write that was sent after it", () => {
  const watch = new EventWatch(100, [98, 99]);
  watch.wrote(0, 99, 100.5);
  watch.failedToWrite(1);
  watch.wrote(1, 105, 180);
  watch.wrote(0, 110, 190);
  watch.wrote(1, 181, 182);
  expect(watch.writersThrough).toBe(2);
  expect(watch.report()).toMatchObject({
    firstWriteMs: 80,
    gapMs: 79.5,
    clientGapMs: 89.5,
    latency: { maxMs: 80 },
    writes: 4,
    writeErrorsMax: 1,
  });
});

test("an answer that the dying process still sent is no first write", () => {
  const watch = new EventWatch(100, [99]);
  watch.wrote(0, 100.5, 100.9);
  expect(watch.report()).toMatchObject({ firstWriteMs: null, writes: 1 });
});
