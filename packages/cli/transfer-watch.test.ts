import { expect, test } from "bun:test";
import { LarderError } from "@larder/api/errors";
import { watchTransfer } from "./transfer-watch.ts";

function watch(answers: (LarderError | { endedAt: string })[]) {
  let nowMs = 0;
  const clock = {
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
    },
  };
  const client = {
    getTransfer: async () => {
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      return { kind: "export", status: "succeeded", from: [], to: [], progress: null, error: null, ...answer };
    },
  };
  const context = { client, clock, terminal: { isErrTerminal: false, err: () => {} } };
  const at = { resourceGroup: "group", name: "shop" };
  const watched = { at, id: "export-1", onInterrupt: "cancel" } as const;
  return watchTransfer(context as unknown as Parameters<typeof watchTransfer>[0], watched);
}

test("a controller that is started anew is waited for, for a while", async () => {
  const away = new LarderError("NotRunning", "nobody");
  expect(await watch([away, away, { endedAt: "2026-01-01" }])).toMatchObject({ endedAt: "2026-01-01" });
  await expect(watch([away])).rejects.toThrow("nobody");
  await expect(watch([new LarderError("ResourceNotFound", "gone")])).rejects.toThrow("gone");
});
