/**
 * A connection to a cache over TLS, logged in, for one person: requests one after the other, replies in order. Replies
 * that no request waits for (messages of SUBSCRIBE and MONITOR, pushes of RESP3) go to `onUnasked`.
 */
import { connect, type TLSSocket } from "node:tls";
import { LarderError } from "@larder/api/errors";
import type { Reply } from "./reply.ts";
import { ReplyDecoder } from "./reply-decoder.ts";

export interface ConsoleTarget {
  host: string;
  port: number;
  key: string;
  ca: string;
  isResp3: boolean;
}

interface Waiter {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

export class ConsoleConnection {
  readonly #socket: TLSSocket;
  readonly #decoder = new ReplyDecoder();
  #waiters: Waiter[] = [];
  #isClosed = false;
  readonly #closed = Promise.withResolvers<never>();
  onUnasked: (reply: Reply) => void = () => {};

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
    socket.on("error", () => {});
    socket.on("close", () => this.#fail());
    this.#closed.promise.catch(() => {});
  }

  /** Throws ServiceUnavailable when the cache cannot be reached, AuthorizationFailed when it refuses the key. */
  static async open(target: ConsoleTarget): Promise<ConsoleConnection> {
    const connection = new ConsoleConnection(await openSocket(target));
    const login = target.isResp3 ? ["HELLO", "3", "AUTH", "default", target.key] : ["AUTH", target.key];
    const reply = await connection.send(login.map((word) => Buffer.from(word)));
    if (reply.kind !== "error") return connection;
    connection.close();
    throw new LarderError("AuthorizationFailed", `The cache refuses the login: ${reply.text}`);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Never resolves; rejects when the connection ends, whoever ended it. */
  get closed(): Promise<never> {
    return this.#closed.promise;
  }

  send(args: readonly Buffer[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(connectionLost());
      this.#waiters.push({ resolve, reject });
      this.#socket.write(encodeCommand(args));
    });
  }

  /** For commands whose replies have no end: all of them go to `onUnasked`. */
  sendUnasked(args: readonly Buffer[]): void {
    this.#socket.write(encodeCommand(args));
  }

  close(): void {
    this.#socket.destroy();
    this.#fail();
  }

  #read(bytes: Buffer): void {
    let replies: Reply[];
    try {
      replies = this.#decoder.push(bytes);
    } catch {
      this.close();
      return;
    }
    for (const reply of replies) {
      const waiter = reply.kind === "push" ? undefined : this.#waiters.shift();
      if (waiter) waiter.resolve(reply);
      else this.onUnasked(reply);
    }
  }

  #fail(): void {
    this.#isClosed = true;
    this.#closed.reject(connectionLost());
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(connectionLost());
  }
}

export function encodeCommand(args: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) parts.push(Buffer.from(`$${arg.length}\r\n`), arg, Buffer.from("\r\n"));
  return Buffer.concat(parts);
}

function connectionLost(): LarderError {
  return new LarderError("ServiceUnavailable", "The cache closed the connection.");
}

function openSocket({ host, port, ca }: ConsoleTarget): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ca, servername: host });
    const refuse = (error: NodeJS.ErrnoException) =>
      reject(
        new LarderError(
          "ServiceUnavailable",
          `The cache does not answer at ${host}:${port} (${error.code ?? error.message}).`,
          {
            cause: error,
          },
        ),
      );
    socket.once("error", refuse);
    socket.once("secureConnect", () => {
      socket.removeListener("error", refuse);
      resolve(socket);
    });
  });
}
