import { expect, test } from "bun:test";
import type { Clock } from "@larder/service";
import { LatestDocument } from "../reconcile/latest-document.ts";
import { documentStream } from "./document-stream.ts";

/** A clock whose sleeps end when the test says so, or when they are aborted. */
function handClock() {
  const sleeping = new Set<() => void>();
  const clock: Clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    sleep: (_, signal) =>
      new Promise((resolve) => {
        sleeping.add(resolve);
        signal?.addEventListener("abort", () => resolve());
      }),
  };
  const ring = () => {
    for (const wake of sleeping) wake();
  };
  return { clock, ring };
}

function follow<T>(document: LatestDocument<T>) {
  const { clock, ring } = handClock();
  const gone = new AbortController();
  let ends = 0;
  let say: (message: object) => void = () => {};
  const stream = documentStream(document, {
    keepAliveMs: 1,
    clock,
    signal: gone.signal,
    onOpen: (given) => {
      say = given;
    },
    onEnd: () => ends++,
  });
  const reader = stream.getReader();
  const next = async () => {
    const { value, done } = await reader.read();
    return done ? undefined : new TextDecoder().decode(value);
  };
  return { next, ring, gone, reader, say, ends: () => ends };
}

test("a reader gets the document as it stands, then each newer one", async () => {
  const document = new LatestDocument<number>();
  document.publish(1);
  const { next } = follow(document);
  expect(await next()).toBe("1\n");
  document.publish(2);
  expect(await next()).toBe("2\n");
});

test("a reader that is slow gets the newest only", async () => {
  const document = new LatestDocument<number>();
  document.publish(1);
  const { next } = follow(document);
  expect(await next()).toBe("1\n");
  await Promise.resolve();
  for (const version of [2, 3, 4]) document.publish(version);
  const seen = [await next()];
  if (seen[0] !== "4\n") seen.push(await next());
  expect(seen.at(-1)).toBe("4\n");
});

test("what is said beside the document comes whole, and after a version that was there first", async () => {
  const document = new LatestDocument<number>();
  document.publish(1);
  const { next, say } = follow(document);
  expect(await next()).toBe("1\n");
  document.publish(2);
  say({ order: "a" });
  say({ order: "b" });
  document.publish(3);
  const lines = [];
  while (lines.at(-1) !== "3\n") lines.push(await next());
  expect(lines.filter((line) => line !== "\n")).toEqual(["2\n", '{"order":"a"}\n', '{"order":"b"}\n', "3\n"]);
});

test("nothing is said once it has ended", async () => {
  const { say, gone, ends } = follow(new LatestDocument<number>());
  gone.abort();
  say({ order: "late" });
  expect(ends()).toBe(1);
});

test("silence is broken by an empty line", async () => {
  const document = new LatestDocument<number>();
  document.publish(1);
  const { next, ring } = follow(document);
  await next();
  const line = next();
  ring();
  expect(await line).toBe("\n");
});

test("a reader that leaves ends it once", async () => {
  const document = new LatestDocument<number>();
  document.publish(1);
  const { next, reader, gone, ends } = follow(document);
  await next();
  await reader.cancel();
  gone.abort();
  expect(ends()).toBe(1);
});
