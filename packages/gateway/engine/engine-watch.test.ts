import { expect, test } from "bun:test";
import type { Reply } from "@larder/resp";
import { limits } from "../limits.ts";
import { EngineWatch } from "./engine-watch.ts";

function watched() {
  let nowMs = 0;
  const asked: { words: readonly string[]; answer(reply: Reply): void }[] = [];
  const told: string[] = [];
  const watch = new EngineWatch({
    ask: (words) => new Promise((resolve) => asked.push({ words, answer: resolve })),
    onSilent: () => told.push("silent"),
    onSlow: (commands) => told.push(`slow: ${[...commands].join()}`),
    monotonicMs: () => nowMs,
  });
  const look = async (reply?: Reply) => {
    nowMs += limits.engineWatchMs;
    watch.look();
    if (reply !== undefined) asked.shift()?.answer(reply);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { asked, told, look };
}

test("asks one thing at a time, and says once that the engine is silent", async () => {
  const { asked, told, look } = watched();
  await look("");
  for (let passed = 0; passed < limits.engineSilenceMs; passed += limits.engineWatchMs) await look();
  expect(asked).toHaveLength(1);
  expect(told).toEqual([]);
  await look();
  expect(told).toEqual(["silent"]);
  expect(asked).toHaveLength(2);
  await look();
  expect(told).toEqual(["silent"]);
});

test("an answer that comes too late counts for nothing", async () => {
  const { asked, told, look } = watched();
  for (let passed = 0; passed <= limits.engineSilenceMs + limits.engineWatchMs; passed += limits.engineWatchMs)
    await look();
  asked[0]?.answer("");
  await look();
  expect(asked).toHaveLength(2);
  expect(told).toEqual(["silent"]);
});

test("learns from every tenth answer which commands are slow", async () => {
  const { told, look } = watched();
  const stats = (calls: number) => `cmdstat_sunion:calls=${calls},usec=${calls * limits.slowCommandUsec * 2}\r\n`;
  await look(stats(1));
  for (let round = 1; round < limits.slowLearnRounds; round++) await look("PONG");
  await look(stats(2));
  expect(told).toEqual(["slow: sunion"]);
});
