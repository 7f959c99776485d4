import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, systemClock, systemRandomness } from "@larder/service";
import type { IssuedPair } from "./issue.ts";
import { ensurePki } from "./pki-directory.ts";
import { keepRenewing } from "./renewal.ts";
import { serverNames } from "./server-names.ts";

const dayMs = 86_400_000;
const names = serverNames({ domain: "larder.localhost", host: "127.0.0.1" });
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-pki-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Time passes as it is slept. Resolves with the days on which the certificate was renewed. */
async function renewalsWithin(days: number, ensureOf = ensurePki): Promise<number[]> {
  const stopping = new AbortController();
  const startMs = systemClock.nowMs();
  let nowMs = startMs;
  const clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    async sleep(ms: number) {
      nowMs += ms;
      if (nowMs > startMs + days * dayMs) stopping.abort();
    },
  };
  const ensure = async (): Promise<IssuedPair> =>
    (await ensureOf({ directory, names, clock, randomness: systemRandomness })).server;
  const renewed: number[] = [];
  await keepRenewing({
    current: (await ensurePki({ directory, names, clock, randomness: systemRandomness })).server,
    ensure,
    onRenewed: () => renewed.push(Math.floor((nowMs - startMs) / dayMs)),
    clock,
    log: createLog("controller", "silent"),
    signal: stopping.signal,
  });
  return renewed;
}

test("a certificate of 397 days is renewed 45 days before its end, again and again", async () => {
  expect(await renewalsWithin(1_100)).toEqual([352, 704, 1056]);
});

test("a failure does not end it", async () => {
  let calls = 0;
  const failingAtFirst: typeof ensurePki = (options) => {
    if (calls++ < 710) throw new Error("the disk is full");
    return ensurePki(options);
  };
  expect(await renewalsWithin(400, failingAtFirst)).toEqual([355]);
});
