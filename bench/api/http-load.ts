/**
 * A closed loop of HTTP requests over TLS connections that stay: each sends its next request when the last is answered. It reads of an
 * answer what it must, so that on a small machine the server has most of the time.
 */
import { connect, type TLSSocket } from "node:tls";
import { systemClock } from "@larder/service";

export interface Call {
  method: "GET" | "PUT" | "PATCH" | "POST" | "DELETE";
  path: string;
  body?: object;
}

export interface Answered {
  status: number;
  body: string;
}

export interface LoadRun {
  perSecond: number;
  timesMs: number[];
}

export class HttpLoad {
  readonly #options: { port: number; ca: string; token: string };
  readonly #connections: HttpConnection[] = [];

  constructor(options: { port: number; ca: string; token: string }) {
    this.#options = options;
  }

  async once(call: Call): Promise<Answered> {
    const [connection] = await this.#open(1);
    return (connection as HttpConnection).ask(call);
  }

  /** Calls number 0 to count - 1. Throws for an answer that is no success. */
  async run(callOf: (number: number) => Call, { count, at: width }: { count: number; at: number }): Promise<LoadRun> {
    const connections = await this.#open(width);
    const timesMs: number[] = [];
    let next = 0;
    const startMs = systemClock.monotonicMs();
    const work = async (connection: HttpConnection) => {
      while (next < count) {
        const call = callOf(next++);
        const sentMs = systemClock.monotonicMs();
        const { status, body } = await connection.ask(call);
        if (status >= 300) throw new Error(`${call.method} ${call.path}: ${status} ${body.slice(0, 300)}`);
        timesMs.push(systemClock.monotonicMs() - sentMs);
      }
    };
    await Promise.all(connections.map(work));
    return { perSecond: (1_000 * count) / (systemClock.monotonicMs() - startMs), timesMs };
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #open(count: number): Promise<HttpConnection[]> {
    while (this.#connections.length < count) this.#connections.push(await HttpConnection.open(this.#options));
    return this.#connections.slice(0, count);
  }
}

const headEnd = Buffer.from("\r\n\r\n");

class HttpConnection {
  readonly #socket: TLSSocket;
  readonly #token: string;
  #received: Buffer[] = [];
  #bytes = 0;
  /** Of the answer that is being received; null while its head is not whole. */
  #head: { status: number; end: number; bodyBytes: number } | null = null;
  #waiting: PromiseWithResolvers<Answered> | null = null;

  static open({ port, ca, token }: { port: number; ca: string; token: string }): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, ca, servername: "localhost" });
      socket.once("secureConnect", () => resolve(new HttpConnection(socket, token)));
      socket.once("error", reject);
    });
  }

  private constructor(socket: TLSSocket, token: string) {
    this.#socket = socket;
    this.#token = token;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("close", () => this.#waiting?.reject(new Error("the API closed the connection")));
  }

  ask({ method, path, body }: Call): Promise<Answered> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const head = [
      `${method} ${path} HTTP/1.1`,
      "host: localhost",
      `authorization: Bearer ${this.#token}`,
      ...(body === undefined ? [] : ["content-type: application/json"]),
      `content-length: ${Buffer.byteLength(text)}`,
    ];
    this.#waiting = Promise.withResolvers();
    this.#socket.write(`${head.join("\r\n")}\r\n\r\n${text}`);
    return this.#waiting.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#received.push(bytes);
    this.#bytes += bytes.length;
    if (this.#head === null) this.#takeHead();
    const head = this.#head;
    if (head === null || this.#bytes < head.end + head.bodyBytes) return;
    const body = Buffer.concat(this.#received).toString("utf8", head.end);
    this.#received = [];
    this.#bytes = 0;
    this.#head = null;
    this.#waiting?.resolve({ status: head.status, body });
  }

  #takeHead(): void {
    const all = Buffer.concat(this.#received);
    this.#received = [all];
    const at = all.indexOf(headEnd);
    if (at === -1) return;
    const text = all.toString("latin1", 0, at);
    const bodyBytes = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
    this.#head = { status: Number(text.slice(9, 12)), end: at + headEnd.length, bodyBytes };
  }
}
