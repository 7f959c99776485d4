/**
 * A primary that is none: it listens on this machine, takes one connection of one engine, and gives it an RDB in answer to its
 * PSYNC, as a primary gives a replica its first copy. So an engine that runs loads a file by its own loader, as it comes,
 * without a file of its own and without a restart. Behind the copy comes what is sent, as a primary's changes come, and for an
 * import nothing.
 *
 * Only who has the password gets anything. It is made for each feed, and crosses the loopback interface alone.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { StreamPlace } from "@larder/api";
import { decodeReply } from "@larder/resp";
import type { Randomness } from "@larder/service";
import type { Feed } from "../../engine/replication-plan.ts";
import { TransferError } from "../transfer-error.ts";

const host = "127.0.0.1";
/** An engine asks its primary within a second, and is told in a moment. */
const handshakeMs = 20_000;
/** More than the whole handshake has. */
const requestBytesMax = 16 * 1024;

/** The engine is told to follow again, from there. */
interface GoingOn {
  from: StreamPlace;
  begun: PromiseWithResolvers<void>;
}

export class RdbFeed {
  readonly #server: Server;
  readonly #user: Feed["user"];
  readonly #randomness: Randomness;
  /** Also those that have not asked for anything yet. */
  readonly #sockets = new Set<Socket>();
  #socket: Socket | null = null;
  readonly #asked = Promise.withResolvers<void>();
  readonly #acknowledged = Promise.withResolvers<void>();
  readonly #history: string;
  #feed: Feed | null = null;
  #fed = 0;
  #goingOn: GoingOn | null = null;

  constructor(randomness: Randomness) {
    this.#randomness = randomness;
    this.#history = randomness.bytes(20).toString("hex");
    this.#user = { name: "feed", password: randomness.bytes(32).toString("hex") };
    this.#server = createServer((socket) => this.#serve(socket));
    this.#asked.promise.catch(() => {});
    this.#acknowledged.promise.catch(() => {});
  }

  async listen(): Promise<Feed> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, host, resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
    this.#feed = { address: { host, port: address.port }, user: this.#user };
    return this.#feed;
  }

  /** As it listens. */
  get feed(): Feed {
    if (this.#feed === null) throw new Error("a feed that does not listen");
    return this.#feed;
  }

  /**
   * Gives the file to the engine that asks, and resolves when that has loaded it. Of `source` it takes only as much as the
   * engine does. Where the source fails, the engine is left with a copy that was cut off, which it drops.
   */
  async give(source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const timeout = AbortSignal.timeout(handshakeMs);
    await untilAborted(this.#asked.promise, AbortSignal.any([signal, timeout]), () =>
      signal.aborted
        ? signal.reason
        : new TransferError("EngineLost", "The node's engine did not ask for the file.", { isRetryable: true }),
    );
    const socket = this.#socket as Socket;
    const mark = this.#randomness.bytes(20).toString("hex");
    socket.write(`+FULLRESYNC ${this.#history} 0\r\n$EOF:${mark}\r\n`);
    for await (const chunk of source) {
      signal.throwIfAborted();
      await this.#write(socket, chunk);
    }
    await this.#write(socket, Buffer.from(mark));
    await untilAborted(this.#acknowledged.promise, signal, () => signal.reason);
  }

  /** Bytes that were sent behind the copy: where the engine is in our stream when it has processed all. */
  get fed(): number {
    return this.#fed;
  }

  /** Changes, behind the copy. Resolves when there is room for more. */
  async send(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (socket === null) throw engineGone();
    this.#fed += bytes.length;
    await this.#write(socket, bytes);
  }

  /** The engine followed nobody for a while, and is told to follow again: it gets what comes next if it is still at the place. */
  async goOn(from: StreamPlace, signal: AbortSignal): Promise<void> {
    this.#socket?.destroy();
    this.#goingOn = { from, begun: Promise.withResolvers() };
    const limit = AbortSignal.any([signal, AbortSignal.timeout(handshakeMs)]);
    await untilAborted(this.#goingOn.begun.promise, limit, () => engineGone());
    this.#goingOn = null;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #write(socket: Socket, bytes: Uint8Array): Promise<void> {
    if (socket.destroyed) throw engineGone();
    if (socket.write(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const settle = () => {
        socket.off("drain", settle);
        socket.off("close", settle);
        if (socket.destroyed) reject(engineGone());
        else resolve();
      };
      socket.on("drain", settle);
      socket.on("close", settle);
    });
  }

  #serve(socket: Socket): void {
    let isLoggedIn = false;
    let received: Buffer = Buffer.alloc(0);
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes: Buffer) => {
      received = withoutNewlines(Buffer.concat([received, bytes]));
      if (received.length > requestBytesMax) return void socket.destroy();
      try {
        for (let one = decodeReply(received, 0); one !== undefined; one = decodeReply(received, 0)) {
          received = withoutNewlines(received.subarray(one.end));
          const request = Array.isArray(one.value) ? one.value.map(String) : [];
          if (!isLoggedIn && request[0] === "AUTH") isLoggedIn = this.#isPassword(request);
          else if (!isLoggedIn && request[0] !== "PING") return void socket.destroy();
          this.#answer(socket, request);
        }
      } catch {
        socket.destroy();
      }
    });
  }

  #answer(socket: Socket, [name, what, offset]: readonly string[]): void {
    if (name === "PING") socket.write("+PONG\r\n");
    else if (name === "PSYNC" && this.#goingOn !== null) this.#continue(socket, this.#goingOn, `${what} ${offset}`);
    else if (name === "PSYNC") this.#begin(socket);
    else if (name === "REPLCONF" && what === "ACK") this.#acknowledged.resolve();
    else socket.write("+OK\r\n");
  }

  /** One copy is all that there is. An engine that has lost it asks again, and is not answered. */
  #begin(socket: Socket): void {
    if (this.#socket !== null) return void socket.destroy();
    this.#socket = socket;
    socket.once("close", () => this.#acknowledged.reject(engineGone()));
    this.#asked.resolve();
  }

  #continue(socket: Socket, { from, begun }: GoingOn, asked: string): void {
    if (asked === `${from.history} ${from.offset + 1}`) {
      this.#socket = socket;
      socket.write(`+CONTINUE ${this.#history}\r\n`);
      begun.resolve();
    } else {
      socket.destroy();
      begun.reject(engineGone());
    }
  }

  #isPassword([, name, password]: readonly string[]): boolean {
    return name === this.#user.name && password === this.#user.password;
  }
}

/** By them an engine that loads says that it lives. */
function withoutNewlines(bytes: Buffer): Buffer {
  let start = 0;
  while (bytes[start] === 10) start++;
  return start === 0 ? bytes : bytes.subarray(start);
}

function engineGone(): TransferError {
  return new TransferError("EngineLost", "The node's engine closed the connection while it loaded the file.");
}

async function untilAborted<T>(result: Promise<T>, signal: AbortSignal, reason: () => unknown): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(reason());
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([result, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
