/** A file of mixed keys that a real Valkey saved. */
import { once } from "node:events";
import { statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Redis } from "ioredis";
import { encode } from "../bare-client.ts";
import { freePorts } from "../ports.ts";
import { startProgram } from "../process.ts";
import { mixedCommands, mixedKeys } from "./mixed-commands.ts";

export interface MixedFile {
  path: string;
  bytes: number;
  keys: number;
}

export async function makeMixedFile(directory: string, dataBytes: number, signal: AbortSignal): Promise<MixedFile> {
  const [port] = await freePorts(1);
  const command = ["valkey-server", "--bind", "127.0.0.1", "--port", String(port), "--save", "", "--dir", directory];
  const logPath = join(directory, "engine.log");
  const engine = await startProgram({ command: [...command, "--dbfilename", "mixed.rdb"], port, logPath });
  const client = new Redis({ port, maxRetriesPerRequest: 0 });
  try {
    const rounds = await fill(port, mixedCommands(dataBytes), signal);
    const keys = await client.dbsize();
    if (keys !== mixedKeys(rounds)) throw new Error(`The engine has ${keys} keys instead of ${mixedKeys(rounds)}.`);
    await client.call("SAVE");
    const path = join(directory, "mixed.rdb");
    return { path, bytes: statSync(path).size, keys };
  } finally {
    client.disconnect();
    await engine.stop();
  }
}

/** Without replies, but for the last: it says that all was done. */
async function fill<Result>(port: number, batches: Iterator<Uint8Array, Result>, signal: AbortSignal): Promise<Result> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  try {
    socket.write(encode(["CLIENT", "REPLY", "OFF"]));
    for (;;) {
      const batch = batches.next();
      if (batch.done) {
        socket.write(encode(["CLIENT", "REPLY", "ON"]));
        await once(socket, "data", { signal });
        return batch.value;
      }
      if (!socket.write(batch.value)) await once(socket, "drain", { signal });
    }
  } finally {
    socket.destroy();
  }
}
