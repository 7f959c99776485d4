import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, systemClock, writeFileAtomic } from "@larder/service";
import { counters } from "../metrics.ts";
import { CertificateWatch } from "./certificate-watch.ts";
import type { TlsFiles } from "./tls-contexts.ts";

let directory: string;
let certPath: string;
let keyPath: string;
let used: TlsFiles[];
let watch: CertificateWatch;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-watch-"));
  certPath = join(directory, "server.pem");
  keyPath = join(directory, "server-key.pem");
  put("1", "1");
  used = [];
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
  const failed = counters.larder_gateway_certificate_reloads_failed_total;
  let looks = 0;
  start((_, signal) => {
    looks++;
    return systemClock.sleep(5, signal);
  });
  put("2", "other");
  while (looks < 20) await Bun.sleep(5);
  expect(used).toEqual([]);
  expect(counters.larder_gateway_certificate_reloads_failed_total).toBe(failed + 1);
  rmSync(certPath);
  while (looks < 40) await Bun.sleep(5);
  expect(counters.larder_gateway_certificate_reloads_failed_total).toBe(failed + 2);
  put("3", "3");
  await untilUsed(1);
});
