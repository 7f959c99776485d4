/**
 * A connection to an engine: the socket, the bytes waiting to go out, and the log-in. What to do with replies is the
 * business of the two kinds, SharedConnection and DedicatedConnection.
 *
 *   state       left by            to
 *   connecting  log-in succeeded   ready
 *   connecting  any failure        closed
 *   ready       end of the socket, malformed replies, close()   closed
 *
 * It is used once: `closed` is final. The log-in is one HELLO with AUTH, awaited before anything else is sent, as some
 * engines answer nothing to a failed one that is pipelined.
 */
import { type CommandTable, decodeReply, encodeRequest, type Protocol, type Reply, ReplyError } from "@larder/resp";
import type { Socket } from "bun";
import { buildCommandTable } from "./command-classes.ts";
import { flushSoon } from "./flush.ts";
import { limits } from "./limits.ts";
import { counters } from "./metrics.ts";

export interface ServerTarget {
  socketPath: string;
  user: string;
  password: string;
  protocol: Protocol;
  database: number;
  /** Whether to ask the engine for its commands. */
  wantsCommands: boolean;
}

/** What waits for room on the connection, and is told once when there is. */
interface Waiter {
  onServerDrained(): void;
}

const outputBytesFirst = 64 * 1024;
/** A buffer that grew larger is given back once it is empty. */
const outputBytesKept = 4 * 1024 * 1024;
/** As much as this goes out at once: one write would not take more. */
const flushBytes = 64 * 1024;

export abstract class ServerConnection {
  abstract readonly isShared: boolean;
  state: "connecting" | "ready" | "closed" = "connecting";
  /** The engine's own id of this connection, for CLIENT UNBLOCK. */
  engineClientId = 0;
  commands: CommandTable | null = null;
  wasReady = false;

  readonly #target: ServerTarget;
  #socket: Socket<ServerConnection> | null = null;
  #output = Buffer.allocUnsafe(outputBytesFirst);
  #outputStart = 0;
  #outputEnd = 0;
  #isFlushing = false;
  /** The socket took less than it was given: the rest goes out when it drains. */
  #isBlocked = false;
  readonly #waiting = new Set<Waiter>();
  #isTelling = false;
  /** Bytes of the log-in's replies; null after it. */
  #loginInput: Buffer | null = Buffer.alloc(0);
  readonly #loginSteps: ((reply: Reply) => void)[] = [];
  #onReady: (connection: this) => void = () => {};
  #onClosed: (connection: this) => void = () => {};

  constructor(target: ServerTarget) {
    this.#target = target;
  }

  /** Connects and logs in. Calls `onReady` at most once and `onClosed` exactly once. */
  start(events: { onReady(connection: ServerConnection): void; onClosed(connection: ServerConnection): void }): void {
    this.#onReady = events.onReady;
    this.#onClosed = events.onClosed;
    counters.larder_gateway_server_connections_total++;
    Bun.connect({ unix: this.#target.socketPath, data: this as ServerConnection, socket: socketHandlers }).catch(() =>
      this.close(),
    );
  }

  close(): void {
    if (this.state === "closed") return;
    if (this.state === "ready") counters.larder_gateway_server_connections_lost_total++;
    this.state = "closed";
    this.#socket?.end();
    this.onEnd();
    this.#onClosed(this);
    this.#tellDrained();
  }

  /** Copies bytes [start, end) to what goes out soon (flush.ts). */
  append(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.#outputEnd + length > this.#output.length) this.#makeRoom(length);
    bytes.copy(this.#output, this.#outputEnd, start, end);
    this.#outputEnd += length;
    if (this.outputBytes >= flushBytes && !this.#isBlocked) return this.write();
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    flushSoon(this);
  }

  /** Called by flush.ts, once for each time that the connection was handed to it. */
  flush(): void {
    this.#isFlushing = false;
    this.write();
  }

  /** Gives the socket what waits; it may take less. */
  write(): void {
    this.#isBlocked = false;
    const socket = this.#socket;
    if (socket === null || this.state === "closed" || this.#outputEnd === this.#outputStart) return;
    const written = socket.write(this.#output, this.#outputStart, this.#outputEnd - this.#outputStart);
    if (written < 0) return this.close();
    this.#outputStart += written;
    if (this.#outputStart < this.#outputEnd) {
      this.#isBlocked = true;
      return;
    }
    this.#outputStart = 0;
    this.#outputEnd = 0;
    if (this.#output.length > outputBytesKept) this.#output = Buffer.allocUnsafe(outputBytesFirst);
    if (this.#waiting.size > 0) setImmediate(() => this.#tellDrained());
  }

  /** Bytes that wait to go out. */
  get outputBytes(): number {
    return this.#outputEnd - this.#outputStart;
  }

  get isFull(): boolean {
    return this.outputBytes > limits.serverOutputPauseBytes;
  }

  /** Tells `waiter`, once, when there is room again or the connection is closed. */
  waitForDrain(waiter: Waiter): void {
    this.#waiting.add(waiter);
  }

  pauseReading(): void {
    this.#socket?.pause();
  }

  resumeReading(): void {
    this.#socket?.resume();
  }

  /** Takes the bytes of replies after the log-in. */
  abstract onReplies(bytes: Buffer): void;
  /** The connection is closed: whoever waits for replies must be told. */
  abstract onEnd(): void;

  onOpen(socket: Socket<ServerConnection>): void {
    if (this.state === "closed") {
      socket.end();
      return;
    }
    this.#socket = socket;
    const { user, password, protocol } = this.#target;
    this.#ask(["HELLO", String(protocol), "AUTH", user, password], () => this.#afterHello());
  }

  onData(bytes: Buffer): void {
    if (this.#loginInput === null) this.onReplies(bytes);
    else this.#onLoginData(bytes);
  }

  #afterHello(): void {
    const { database, wantsCommands } = this.#target;
    if (database > 0) this.#ask(["SELECT", String(database)], () => {});
    if (wantsCommands) {
      this.#ask(["COMMAND"], (reply) => {
        this.commands = buildCommandTable(reply);
      });
    }
    this.#ask(["CLIENT", "ID"], (reply) => {
      this.engineClientId = Number(reply);
      this.#loginInput = null;
      this.state = "ready";
      this.wasReady = true;
      this.#onReady(this);
    });
  }

  #ask(words: string[], then: (reply: Reply) => void): void {
    this.#loginSteps.push(then);
    const request = encodeRequest(words);
    this.append(request, 0, request.length);
    this.write();
  }

  #onLoginData(bytes: Buffer): void {
    let input = Buffer.concat([this.#loginInput as Buffer, bytes]);
    while (this.#loginInput !== null && this.state !== "closed") {
      const reply = decodeReply(input, 0);
      if (reply === undefined) {
        this.#loginInput = input;
        return;
      }
      input = input.subarray(reply.end);
      if (reply.value instanceof ReplyError) return this.close();
      this.#loginSteps.shift()?.(reply.value);
    }
  }

  #makeRoom(length: number): void {
    const used = this.#outputEnd - this.#outputStart;
    if (used + length <= this.#output.length) {
      this.#output.copy(this.#output, 0, this.#outputStart, this.#outputEnd);
    } else {
      const larger = Buffer.allocUnsafe(Math.max(this.#output.length * 2, used + length));
      this.#output.copy(larger, 0, this.#outputStart, this.#outputEnd);
      this.#output = larger;
    }
    this.#outputStart = 0;
    this.#outputEnd = used;
  }

  /** In the order in which they came to wait, and only while there is room: nobody is overtaken. */
  #tellDrained(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (const waiter of this.#waiting) {
      if (this.isFull && this.state !== "closed") break;
      this.#waiting.delete(waiter);
      waiter.onServerDrained();
    }
    this.#isTelling = false;
  }
}

const socketHandlers = {
  open: (socket: Socket<ServerConnection>) => socket.data.onOpen(socket),
  data: (socket: Socket<ServerConnection>, bytes: Buffer) => socket.data.onData(bytes),
  drain: (socket: Socket<ServerConnection>) => socket.data.write(),
  close: (socket: Socket<ServerConnection>) => socket.data.close(),
  error: (socket: Socket<ServerConnection>) => socket.data.close(),
  connectError: (socket: Socket<ServerConnection>) => socket.data.close(),
};
