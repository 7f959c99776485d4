/**
 * A connection to an engine: the socket, the bytes waiting to go out, and the log-in. What to do with replies is the
 * business of the two kinds, SharedConnection and DedicatedConnection.
 *
 *   state       left by            to
 *   connecting  log-in succeeded   ready
 *   connecting  any failure        closed
 *   ready       end of the socket, malformed replies, close()   closed
 *
 * What the gateway says by itself begins with a capital letter (monitor-lines.ts).
 *
 * It is used once: `closed` is final. The log-in is one HELLO with AUTH, awaited before anything else is sent, as some
 * engines answer nothing to a failed one that is pipelined. It is made ready as the gateway's own user, as others may not be
 * allowed what that takes, and becomes theirs last. One that the engine does not have yet is tried again like an engine
 * that is away.
 */
import type { EngineLogin } from "@larder/api";
import { decodeReply, encodeRequest, type Protocol, type Reply } from "@larder/resp";
import type { Socket } from "bun";
import { noteIfInternal } from "../internal-errors.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { type EnginePlace, isTrusted } from "./engine-place.ts";
import { flushSoon } from "./flush.ts";

export interface ServerTarget {
  place: EnginePlace;
  /** As whom the connection is made ready. */
  own: EngineLogin;
  /** Whose it is then. */
  login: EngineLogin;
  protocol: Protocol;
  database: number;
  /** Whether to ask the engine for its commands. */
  wantsCommands: boolean;
  /** An engine that is a replica is not taken. */
  mustLead: boolean;
}

/** What waits for room on the connection, and is told once when there is. */
interface Waiter {
  onServerDrained(): void;
}

export interface ServerConnectionEvents {
  onReady(connection: ServerConnection): void;
  onClosed(connection: ServerConnection): void;
  /** Where clients' commands are sent. */
  onDemoted?(): void;
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
  /** The engine's answer to COMMAND, where it was asked. */
  commandReply: Reply = null;
  wasReady = false;
  /** An exception came up on it: how far the replies got that came last is not known. */
  isBroken = false;

  readonly #target: ServerTarget;
  #socket: Socket<ServerConnection> | null = null;
  /** Bytes from #keptStart are sent and not answered, where the connection keeps such; from #outputStart they wait to go out. */
  #output = Buffer.allocUnsafe(outputBytesFirst);
  #keptStart = 0;
  #outputStart = 0;
  #outputEnd = 0;
  #isFlushing = false;
  /** The socket took less than it was given: the rest goes out when it drains. */
  #isBlocked = false;
  readonly #waiting = new Set<Waiter>();
  #isTelling = false;
  /** Bytes of the log-in's replies; null after it. */
  #loginInput: Buffer | null = Buffer.alloc(0);
  #loginTimer: Timer | null = null;
  #lingerTimer: Timer | null = null;
  /** What awaits the log-in's replies, and whether each is what was asked for. */
  readonly #loginSteps: ((reply: Reply) => boolean)[] = [];
  #onReady: (connection: ServerConnection) => void = () => {};
  #onClosed: (connection: ServerConnection) => void = () => {};
  /** The engine says that it is no primary. */
  protected onDemoted: () => void = () => {};

  constructor(target: ServerTarget) {
    this.#target = target;
  }

  /** Connects and logs in. Calls `onReady` at most once and `onClosed` exactly once. */
  start(events: ServerConnectionEvents): void {
    this.#onReady = events.onReady;
    this.#onClosed = events.onClosed;
    this.onDemoted = events.onDemoted ?? this.onDemoted;
    counters.larder_gateway_server_connections_total++;
    this.#loginTimer = setTimeout(() => this.#giveUpLogin(), limits.serverLoginMs);
    this.#connect().catch(() => this.close());
  }

  close(): void {
    if (this.state === "closed") return;
    if (this.state === "ready") counters.larder_gateway_server_connections_lost_total++;
    this.state = "closed";
    if (this.#loginTimer !== null) clearTimeout(this.#loginTimer);
    if (this.wasReady) this.#linger();
    else this.#socket?.terminate();
    this.#onClosed(this);
    this.onEnd();
    this.#tellDrained();
  }

  /** What was written still goes out, if there is anybody to take it. */
  #linger(): void {
    const socket = this.#socket;
    socket?.end();
    this.#lingerTimer = setTimeout(() => {
      counters.larder_gateway_server_connections_dropped_total++;
      socket?.terminate();
    }, limits.serverLingerMs);
    this.#lingerTimer.unref();
  }

  onSocketClosed(): void {
    this.close();
    if (this.#lingerTimer !== null) clearTimeout(this.#lingerTimer);
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
    if (!this.isShared || this.#loginInput !== null) this.#keptStart = this.#outputEnd;
    if (this.#keptStart === this.#outputEnd) this.#empty();
    if (this.#waiting.size > 0) setImmediate(() => this.#tellDrained());
  }

  /** Bytes that wait to go out. */
  get outputBytes(): number {
    return this.#outputEnd - this.#outputStart;
  }

  /** It takes no more for now: too much waits to go out, or to be answered. */
  get isFull(): boolean {
    return (
      this.outputBytes > limits.serverOutputPauseBytes ||
      this.#outputEnd - this.#keptStart > limits.serverUnansweredBytesMax
    );
  }

  /** The first `bytes` of those kept are answered. */
  protected forgetAnswered(bytes: number): void {
    this.#keptStart += bytes;
    if (this.#keptStart === this.#outputEnd) this.#empty();
    if (this.#waiting.size > 0 && !this.isFull) setImmediate(() => this.#tellDrained());
  }

  /** What was sent, or waits to be, and is not answered; `sent` is the offset of the first byte that the engine cannot have. */
  protected unanswered(): { bytes: Buffer; sent: number } {
    const bytes = Buffer.from(this.#output.subarray(this.#keptStart, this.#outputEnd));
    return { bytes, sent: this.#outputStart - this.#keptStart };
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

  async #connect(): Promise<void> {
    const endpoint = this.#target.place.endpoint();
    const data = this as ServerConnection;
    if ("unix" in endpoint) await Bun.connect({ ...endpoint, data, socket: socketHandlers });
    else await Bun.connect({ ...endpoint, data, socket: tlsHandlers });
  }

  /** The socket is there; with TLS, the handshake is to come. */
  onConnect(socket: Socket<ServerConnection>): void {
    if (this.state === "closed") socket.terminate();
    else this.#socket = socket;
  }

  onOpen(socket: Socket<ServerConnection>): void {
    this.onConnect(socket);
    if (this.state === "closed") return;
    const { own, protocol } = this.#target;
    this.#ask(
      ["Hello", String(protocol), "AUTH", own.engineUser, own.enginePassword],
      (reply) => Array.isArray(reply) && this.#isWanted(reply) && this.#afterHello(),
    );
  }

  onData(bytes: Buffer): void {
    if (this.#loginInput === null) this.onReplies(bytes);
    else this.#onLoginData(bytes);
  }

  #isWanted(hello: readonly Reply[]): boolean {
    return !this.#target.mustLead || hello[hello.indexOf("role") + 1] !== "replica";
  }

  #afterHello(): boolean {
    const { database, wantsCommands } = this.#target;
    if (database > 0) this.#ask(["Select", String(database)], (reply) => reply === "OK");
    if (wantsCommands) {
      this.#ask(["Command"], (reply) => {
        this.commandReply = reply;
        return Array.isArray(reply) && reply.length > 0;
      });
    }
    // Refused while the engine loads its data: it is not there for clients yet.
    this.#ask(["Ping"], (reply) => reply === "PONG");
    this.#ask(["Client", "ID"], (reply) => {
      this.engineClientId = Number(reply);
      return this.engineClientId > 0 && this.#becomeOther();
    });
    return true;
  }

  #becomeOther(): boolean {
    const { own, login } = this.#target;
    if (own.engineUser !== login.engineUser)
      this.#ask(["Auth", login.engineUser, login.enginePassword], (reply) => reply === "OK");
    return true;
  }

  #onLoggedIn(): void {
    this.#loginInput = null;
    if (this.#loginTimer !== null) clearTimeout(this.#loginTimer);
    this.state = "ready";
    this.wasReady = true;
    this.#onReady(this);
  }

  #giveUpLogin(): void {
    counters.larder_gateway_server_logins_late_total++;
    this.close();
  }

  #ask(words: string[], isTaken: (reply: Reply) => boolean): void {
    this.#loginSteps.push(isTaken);
    const request = encodeRequest(words);
    this.append(request, 0, request.length);
    this.write();
  }

  /** The reply at the beginning, or undefined while it is not whole. What is no reply ends the connection. */
  protected decodeOrClose(input: Buffer): ReturnType<typeof decodeReply> {
    try {
      return decodeReply(input, 0);
    } catch {
      this.close();
      return undefined;
    }
  }

  /** Anything but the replies awaited, each in its place, ends it: later replies would go to the wrong commands. */
  #onLoginData(bytes: Buffer): void {
    let input = Buffer.concat([this.#loginInput as Buffer, bytes]);
    while (this.state !== "closed") {
      const reply = this.decodeOrClose(input);
      if (reply === undefined) break;
      input = input.subarray(reply.end);
      const isTaken = this.#loginSteps.shift()?.(reply.value) === true;
      if (!isTaken || (this.#loginSteps.length === 0 && input.length > 0)) return this.close();
      if (this.#loginSteps.length === 0) return this.#onLoggedIn();
    }
    this.#loginInput = input;
  }

  #makeRoom(length: number): void {
    const used = this.#outputEnd - this.#keptStart;
    const fits = used + length <= this.#output.length;
    const target = fits ? this.#output : Buffer.allocUnsafe(Math.max(this.#output.length * 2, used + length));
    this.#output.copy(target, 0, this.#keptStart, this.#outputEnd);
    this.#output = target;
    this.#outputStart -= this.#keptStart;
    this.#keptStart = 0;
    this.#outputEnd = used;
  }

  #empty(): void {
    this.#keptStart = 0;
    this.#outputStart = 0;
    this.#outputEnd = 0;
    if (this.#output.length > outputBytesKept) this.#output = Buffer.allocUnsafe(outputBytesFirst);
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
  close: (socket: Socket<ServerConnection>) => socket.data.onSocketClosed(),
  error(socket: Socket<ServerConnection>, error: unknown) {
    socket.data.isBroken = noteIfInternal(error, "engine");
    socket.data.close();
  },
  connectError: (socket: Socket<ServerConnection>) => socket.data.close(),
};

const tlsHandlers = {
  ...socketHandlers,
  open: (socket: Socket<ServerConnection>) => socket.data.onConnect(socket),
  handshake(socket: Socket<ServerConnection>, _isNamed: boolean, error: Error | null) {
    if (isTrusted(error)) socket.data.onOpen(socket);
    else socket.data.close();
  },
};
