import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "./atomic-file.ts";
import { type CertificateFiles, CertificateWatch } from "./certificate-watch.ts";
import { systemClock } from "./clock.ts";
import { createLog } from "./log.ts";

let directory: string;
let certPath: string;
let keyPath: string;
let used: CertificateFiles[];
let refused: number;
let watch: CertificateWatch;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-watch-"));
  certPath = join(directory, "server.pem");
  keyPath = join(directory, "server-key.pem");
  put("1", "1");
  used = [];
  refused = 0;
});
afterEach(() => {
  watch.stop();
  rmSync(directory, { recursive: true });
});

function put(cert: string, key: string): void {
  writeFileAtomic(keyPath, key);
  writeFileAtomic(certPath, cert);
}

/** Certificate and key are a pair when they are the same text. */
function start(sleep = systemClock.sleep): void {
  watch = new CertificateWatch({
    certPath,
    keyPath,
    clock: { ...systemClock, sleep },
    log: createLog("test", "silent"),
    count: (what) => {
      if (what === "refused") refused++;
    },
  });
  watch.read();
  watch.start((files) => {
    if (files.cert !== files.key) throw new Error("no pair");
    used.push(files);
  });
}

async function untilUsed(count: number): Promise<void> {
  while (used.length < count) await Bun.sleep(5);
}

test("files that are replaced by renaming are noticed", async () => {
  start();
  put("2", "2");
  await untilUsed(1);
  put("3", "3");
  await untilUsed(2);
  expect(used).toEqual(["2", "3"].map((text) => ({ cert: text, key: text })));
});

test("files that are written in place are noticed", async () => {
  start();
  writeFileSync(keyPath, "2");
  writeFileSync(certPath, "2");
  await untilUsed(1);
});

test("a change that nobody tells of is found by looking", async () => {
  // No change is told: whoever waits for one is never woken, but for the time that has passed.
  start((ms, signal) => systemClock.sleep(Math.min(ms, 20), ms > 1_000 ? undefined : signal));
  put("2", "2");
  await untilUsed(1);
});

test("a pair that is refused is told once, and the next one is used", async () => {
  let looks = 0;
  start((_, signal) => {
    looks++;
    return systemClock.sleep(5, signal);
  });
  put("2", "other");
  while (looks < 20) await Bun.sleep(5);
  expect(used).toEqual([]);
  expect(refused).toBe(1);
  rmSync(certPath);
  while (looks < 40) await Bun.sleep(5);
  expect(refused).toBe(2);
  put("3", "3");
  await untilUsed(1);
});
