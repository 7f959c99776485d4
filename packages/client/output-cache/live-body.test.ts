import { expect, test } from "bun:test";
import { LiveBody } from "./live-body.ts";

/** Chunks by hand. */
function source(isForever = false) {
  const waiting: ((result: IteratorResult<Uint8Array>) => void)[] = [];
  const ready: IteratorResult<Uint8Array>[] = [];
  let error: Error | undefined;
  const give = (result: IteratorResult<Uint8Array>) => {
    const next = waiting.shift();
    if (next === undefined) ready.push(result);
    else next(result);
  };
  const state = { isEnded: false, reads: 0 };
  return {
    state,
    push: (text: string) => give({ done: false, value: Buffer.from(text) }),
    close: () => give({ done: true, value: undefined }),
    fail: () => {
      error = new Error("broken");
      give({ done: true, value: undefined });
    },
    end: () => {
      state.isEnded = true;
    },
    body: {
      [Symbol.asyncIterator]: () => ({
        async next(): Promise<IteratorResult<Uint8Array>> {
          state.reads++;
          if (isForever) return { done: false, value: Buffer.alloc(10) };
          const result =
            ready.shift() ?? (await new Promise<IteratorResult<Uint8Array>>((resolve) => waiting.push(resolve)));
          if (error !== undefined && result.done) throw error;
          return result;
        },
      }),
    },
  };
}

const limits = { bytesMax: 100, bytesExpected: undefined };

test("its client streams while it is collected", async () => {
  const from = source();
  const body = new LiveBody(from, limits);
  const chunks = body.read();
  from.push("one");
  expect(Buffer.from((await chunks.next()).value!).toString()).toBe("one");
  from.push("two");
  from.close();
  expect(await body.whole()).toEqual(Buffer.from("onetwo"));
  expect(Buffer.from((await chunks.next()).value!).toString()).toBe("two");
  expect((await chunks.next()).done).toBe(true);
});

test("it is collected although its client has gone, before or after it began to read", async () => {
  for (const reads of [false, true]) {
    const from = source();
    const body = new LiveBody(from, limits);
    const chunks = body.read();
    from.push("one");
    if (reads) await chunks.next();
    await chunks.return?.();
    from.push("two");
    from.close();
    expect(await body.whole()).toEqual(Buffer.from("onetwo"));
    expect(from.state.isEnded).toBe(false);
  }
});

test("what is too long is not kept, goes on at its client's pace, and ends with it", async () => {
  const from = source(true);
  const body = new LiveBody(from, limits);
  expect(await body.whole()).toBe(null);
  const before = from.state.reads;
  const chunks = body.read();
  for (let index = 0; index < 15; index++) expect((await chunks.next()).value?.length).toBe(10);
  expect(from.state.reads).toBe(before + 4);
  await chunks.return?.();
  expect(from.state.isEnded).toBe(true);
});

test("what ends too early or too late is not kept, and its client hears of it", async () => {
  for (const bytesExpected of [2, 4]) {
    const from = source();
    const body = new LiveBody(from, { bytesMax: 100, bytesExpected });
    from.push("one");
    from.close();
    await expect(body.whole()).rejects.toThrow("Content-Length");
    const chunks = body.read();
    await chunks.next();
    await expect(chunks.next()).rejects.toThrow("Content-Length");
  }
});

test("what breaks midway is not kept", async () => {
  const from = source();
  const body = new LiveBody(from, limits);
  from.push("one");
  from.fail();
  await expect(body.whole()).rejects.toThrow("broken");
});
