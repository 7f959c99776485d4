/**
 * Moving by `valkey-cli --pipe`: what it is fed are the keys of the source, as SCAN lists them and DUMP gives them, as RESTORE.
 * The tool brings no such program; this one is as scripts for that do it, but pipelines, which favours it.
 */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@larder/service";
import type { Redis } from "ioredis";
import { startPlainEngine } from "../plain-engine.ts";
import type { ByTool } from "./by-file.ts";
import type { Source } from "./source.ts";

const keysAtOnce = 1_000;

/** Clients write on meanwhile. */
export async function moveByPipe(source: Source, directory: string, signal: AbortSignal): Promise<ByTool> {
  await using stack = new AsyncDisposableStack();
  const engine = await startPlainEngine(mkdtempSync(join(directory, "by-pipe-")));
  stack.defer(() => engine.stop());
  const before = await source.baseline();
  const { nowMs: fromMs } = await source.writes.look();
  const startMs = systemClock.monotonicMs();
  await pipeKeys(source.engine.client, engine.port, signal);
  const moveMs = systemClock.monotonicMs() - startMs;
  const { nowMs: toMs } = await source.writes.look();
  const endpoint = { port: engine.port, caPath: null, password: null };
  const interruptionMs = await source.switchTo(endpoint);
  const meanwhile = await source.writes.latency(fromMs, toMs);
  return { before, meanwhile, interruptionMs, moveMs, kept: await source.keptAt(endpoint) };
}

async function pipeKeys(from: Redis, port: number, signal: AbortSignal): Promise<void> {
  const command = ["valkey-cli", "-p", String(port), "--pipe"];
  const child = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "pipe", signal });
  const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  let cursor = "0";
  do {
    signal.throwIfAborted();
    const [next, keys] = await from.scan(cursor, "COUNT", keysAtOnce);
    void child.stdin.write(await restoresOf(from, keys));
    await child.stdin.flush();
    cursor = next;
  } while (cursor !== "0");
  await child.stdin.end();
  const text = (await output).join("\n").trim();
  if ((await child.exited) !== 0 || !/errors: 0/.test(text))
    throw new Error(`valkey-cli --pipe failed: ${text.slice(-300)}`);
}

async function restoresOf(from: Redis, keys: readonly string[]): Promise<Buffer> {
  const pipeline = from.pipeline();
  for (const key of keys) pipeline.dumpBuffer(key).pttl(key);
  const replies = (await pipeline.exec()) ?? [];
  const requests: Buffer[] = [];
  for (const [index, key] of keys.entries()) {
    const payload = replies[2 * index]?.[1] as Buffer | null;
    const ttl = String(Math.max(0, Number(replies[2 * index + 1]?.[1])));
    if (payload !== null) requests.push(restore(key, ttl, payload));
  }
  return Buffer.concat(requests);
}

function restore(key: string, ttl: string, payload: Buffer): Buffer {
  const head = `*5\r\n$7\r\nRESTORE\r\n$${Buffer.byteLength(key)}\r\n${key}\r\n$${ttl.length}\r\n${ttl}\r\n$${payload.length}\r\n`;
  return Buffer.concat([Buffer.from(head), payload, Buffer.from("\r\n$7\r\nREPLACE\r\n")]);
}
