/**
 * Wakes the thread that started it a few thousand times a second: a timer of the event loop is exact to a millisecond
 * only, and a loop that never sleeps would take a whole core from the programs under test.
 */
declare const self: Worker;

/** With the system's own slack a round takes about 0.15 ms. */
const waitMs = 0.05;
const never = new Int32Array(new SharedArrayBuffer(4));

self.onmessage = () => {
  for (;;) {
    Atomics.wait(never, 0, 0, waitMs);
    self.postMessage(null);
  }
};
