/** Files of seeded data that a real Valkey saved. */
import { once } from "node:events";
import { statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { encode } from "../bare-client.ts";
import { startPlainEngine } from "./plain-engine.ts";

export interface SavedFile {
  path: string;
  bytes: number;
  keys: number;
}

/** Batches of requests. It returns how many keys they make. */
export type Commands = Generator<Uint8Array, number>;

/** `name` is that of the file, in `directory`. */
export async function saveFile(
  { directory, name }: { directory: string; name: string },
  commands: Commands,
  signal: AbortSignal,
): Promise<SavedFile> {
  const engine = await startPlainEngine(directory, { settings: ["--dbfilename", name] });
  try {
    const keys = await fill(engine.port, commands, signal);
    const held = await engine.client.dbsize();
    if (held !== keys) throw new Error(`The engine has ${held} keys instead of ${keys}.`);
    await engine.client.call("SAVE");
    const path = join(directory, name);
    return { path, bytes: statSync(path).size, keys };
  } finally {
    await engine.stop();
  }
}

/** Without replies, but for the last: it says that all was done. Resolves with how many keys there are then. */
export async function fill(port: number, batches: Commands, signal: AbortSignal): Promise<number> {
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
