/**
 * Asks a server that is not ours, or an engine of ours about its data: RESP2, replies as bytes, any number of questions in flight.
 * The caller bounds how many.
 *
 * After it closed, whatever is unanswered and every later question fails with SourceLost. An error reply is a
 * value for `askEach`, and thrown as SourceRefused by `ask`.
 */
import { createConnection, type Socket } from "node:net";
import type { Address, RemoteServer } from "@larder/api";
import { encodeRequest, ReplyScanner } from "@larder/resp";
import { decodeRemoteReply, RemoteError, type RemoteReply } from "./remote-reply.ts";
import { openRemoteSocket, showAddress, sourceLost, sourceRefused } from "./remote-socket.ts";

export type Words = readonly (string | Uint8Array)[];
export type RemoteLogin = Pick<RemoteServer, "username" | "password" | "tls">;

interface Asked {
  resolve(reply: RemoteReply): void;
  reject(error: Error): void;
}

/** A server that owes an answer and says nothing for so long is taken for dead. */
export const silenceTimeoutMs = 30_000;
/** As large as a value can be, and its frame. */
const replyBulkBytesMax = 1024 * 1024 * 1024;

export class RemoteClient {
  /** Takes messages to a subscriber; null while none is expected, and every reply answers a question. */
  onMessage: ((message: RemoteReply) => void) | null = null;
  isClosed = false;
  readonly closed: Promise<void>;

  readonly #socket: Socket;
  readonly #name: string;
  readonly #asked: Asked[] = [];
  readonly #scanner = new ReplyScanner(replyBulkBytesMax);
  #pieces: Buffer[] = [];
  #reason = "it closed the connection";

  constructor(socket: Socket, name: string) {
    this.#socket = socket;
    this.#name = name;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("timeout", () => this.#fail(`it has not answered for ${silenceTimeoutMs / 1_000} s`));
    socket.on("error", () => socket.destroy());
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#end();
        resolve();
      });
    });
  }

  /** Connects and logs in. Throws SourceLost, or SourceRefused when it is not let in. */
  static async open(address: Address, login: RemoteLogin, signal: AbortSignal): Promise<RemoteClient> {
    const client = new RemoteClient(await openRemoteSocket(address, login.tls, signal), showAddress(address));
    try {
      await client.#logIn(login);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** An engine of this machine, by its Unix socket. */
  static async openLocal(socketPath: string, user: { name: string; password: string }): Promise<RemoteClient> {
    const socket = createConnection(socketPath);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", (cause) => reject(sourceLost("The node's engine does not answer.", cause)));
    });
    const client = new RemoteClient(socket, "the node's engine");
    try {
      await client.ask("AUTH", user.name, user.password);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  async ask(...words: Words): Promise<Exclude<RemoteReply, RemoteError>> {
    const [asked] = this.askEach([words]);
    const reply = await (asked as Promise<RemoteReply>);
    if (reply instanceof RemoteError)
      throw sourceRefused(`${this.#name} refuses ${String(words[0])}: ${reply.message}`);
    return reply;
  }

  /** All in one write. */
  askEach(commands: readonly Words[]): Promise<RemoteReply>[] {
    const replies = commands.map(() => this.#await());
    if (!this.isClosed) this.#write(Buffer.concat(commands.map((words) => encodeRequest(words))));
    return replies;
  }

  /** Requests as they are, in one write, with so many replies. */
  askRaw(bytes: Buffer, count: number): Promise<RemoteReply[]> {
    const replies = Array.from({ length: count }, () => this.#await());
    if (!this.isClosed) this.#write(bytes);
    return Promise.all(replies);
  }

  /** For what is answered to `onMessage`. */
  send(...words: Words): void {
    if (!this.isClosed) this.#socket.write(encodeRequest(words));
  }

  /** The `key:value` lines of a section of INFO. */
  async info(section: string): Promise<Map<string, string>> {
    return parseInfo(String(await this.ask("INFO", section)));
  }

  close(): void {
    this.#socket.destroy();
  }

  async #logIn({ username, password }: RemoteLogin): Promise<void> {
    if (password === null) return;
    const reply = await this.askEach([username === null ? ["AUTH", password] : ["AUTH", username, password]])[0];
    if (reply instanceof RemoteError) throw sourceRefused(`${this.#name} does not let us in: ${reply.message}`);
  }

  #await(): Promise<RemoteReply> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) reject(this.#lost());
      else this.#asked.push({ resolve, reject });
    });
  }

  #write(bytes: Buffer): void {
    this.#socket.setTimeout(silenceTimeoutMs);
    this.#socket.write(bytes);
  }

  #take(bytes: Buffer): void {
    let position = 0;
    while (position < bytes.length && !this.isClosed) {
      const end = this.#scanner.next(bytes, position, bytes.length);
      if (this.#scanner.malformed) return this.#fail("what it sends is not RESP");
      this.#pieces.push(bytes.subarray(position, end));
      position = end;
      if (this.#scanner.complete) this.#takeReply();
    }
    if (this.#asked.length === 0) this.#socket.setTimeout(0);
  }

  #takeReply(): void {
    const whole = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#pieces = [];
    try {
      const reply = decodeRemoteReply(whole);
      if (this.#asked.length > 0) this.#asked.shift()?.resolve(reply);
      else if (this.onMessage !== null) this.onMessage(reply);
      else this.#fail("it answers what nobody asked");
    } catch {
      this.#fail("what it sends is not RESP2");
    }
  }

  #fail(reason: string): void {
    this.#reason = reason;
    this.#socket.destroy();
  }

  #end(): void {
    this.isClosed = true;
    for (const asked of this.#asked.splice(0)) asked.reject(this.#lost());
  }

  #lost(): Error {
    return sourceLost(`The connection to ${this.#name} is lost: ${this.#reason}`);
  }
}

export function parseInfo(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) values.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return values;
}
