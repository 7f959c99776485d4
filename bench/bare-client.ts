/** A client without a library: a socket whose replies its owner takes as bytes, so that it costs next to nothing of its own. */
import { readFileSync } from "node:fs";
import type { Socket } from "bun";
import type { Endpoint } from "./load.ts";

const timeoutMs = 20_000;

export class BareClient {
  /** Takes what comes. The bytes are only lent. */
  onData: (bytes: Buffer) => void = () => {};
  onLost: (error: Error) => void = () => {};
  /** For its owner, who may count bytes here. */
  received = 0;
  #socket: Socket<BareClient> | null = null;

  /** Connects, with TLS where the endpoint has a certificate authority, and logs in where it has a password. */
  async open({ port, caPath, password }: Endpoint): Promise<void> {
    const { promise: opened, resolve, reject } = Promise.withResolvers<void>();
    this.onLost = reject;
    await within(timeoutMs, [this.#connect(port, caPath, resolve), opened]);
    this.onLost = () => {};
    if (password !== null) await this.exchange(encode(["AUTH", password]), "+OK\r\n");
  }

  async #connect(port: number, caPath: string | null, onReady: () => void): Promise<void> {
    this.#socket = await Bun.connect<BareClient>({
      hostname: "127.0.0.1",
      port,
      data: this,
      ...(caPath === null ? {} : { tls: { ca: authority(caPath), serverName: "localhost" } }),
      socket: {
        open: () => (caPath === null ? onReady() : undefined),
        handshake: (_, isDone, error) => (isDone ? onReady() : this.onLost(error ?? new Error("no TLS handshake"))),
        data: (socket, bytes) => socket.data.onData(bytes),
        error: (socket, error) => socket.data.onLost(error),
        close: (socket) => socket.data.onLost(new Error("the target closed a connection")),
      },
    });
  }

  /** Sends bytes [offset, offset + length) at once. Returns whether the socket took them all. */
  send(bytes: Uint8Array, offset: number, length: number): boolean {
    return this.#socket?.write(bytes, offset, length) === length;
  }

  /** Sends, and resolves once what comes back ends with `ending`. Rejects when any of it is an error. */
  async exchange(request: string, ending: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let replies = "";
    this.onLost = reject;
    this.onData = (bytes) => {
      replies += bytes.toString("latin1");
      if (/(^|\n)-/.test(replies)) reject(new Error(`the target answered: ${replies.slice(-200).trim()}`));
      else if (replies.endsWith(ending)) resolve();
    };
    const bytes = Buffer.from(request);
    if (!this.send(bytes, 0, bytes.length)) reject(new Error("the target does not take requests"));
    await within(timeoutMs, [promise]);
    this.onLost = () => {};
  }

  /** At once, without the state that an orderly end leaves in the kernel for a minute. */
  drop(): void {
    this.onLost = () => {};
    this.#socket?.terminate();
  }
}

/** A command as clients send it. */
export function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

let lastAuthority = { path: "", pem: "" };

/** Read once for all clients. */
function authority(path: string): string {
  if (lastAuthority.path !== path) lastAuthority = { path, pem: readFileSync(path, "utf8") };
  return lastAuthority.pem;
}

/** Resolves when all have; rejects when one does, or when it takes longer. */
export async function within(ms: number, promises: readonly Promise<void>[]): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`the target did not answer in ${ms} ms`)), ms);
  try {
    await Promise.race([Promise.all(promises), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Opens many with a few handshakes in flight at a time. */
export async function openClients(count: number, open: (index: number) => Promise<BareClient>): Promise<BareClient[]> {
  const clients: BareClient[] = [];
  let next = 0;
  const openSome = async () => {
    while (next < count) {
      const index = next++;
      clients[index] = await open(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, 32) }, openSome));
  return clients;
}
