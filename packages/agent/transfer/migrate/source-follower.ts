/**
 * Follows one primary of a source as a replica does, and takes what it sends at once: the copy into one spool, the stream of changes
 * into another. After a lost connection it asks the primary, or who has taken its place, to go on from the last byte
 * that it got. Where that is gone, it fails with CopyIsLost: everything has to be copied anew.
 *
 *   copying     the copy comes, and behind it the stream
 *   following   the stream comes
 *   away        the connection is lost, and is tried again
 *   resting     its owner wants a pause: nothing comes, and the place is kept
 */
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Address, RemoteServer, StreamPlace } from "@larder/api";
import { encodeRequest } from "@larder/resp";
import { backoffMs, type Clock, type Randomness } from "@larder/service";
import { openRemoteSocket, showAddress, sourceLost, sourceRefused } from "../remote/remote-socket.ts";
import { CommandRefused, ReplicationClient } from "../replication-client.ts";
import { TransferError } from "../transfer-error.ts";
import type { CopyPace } from "./copy-pace.ts";
import { migrationLimits } from "./migration-limits.ts";
import { SourcePulse } from "./source-pulse.ts";
import { Spool } from "./spool.ts";

export type FollowerState = "copying" | "following" | "away" | "resting";

export interface FollowerOptions {
  source: RemoteServer;
  /** Who is the primary now; asked before each connection. */
  locate: () => Promise<Address>;
  /** Where the spools' files are made. */
  directory: string;
  /** Names them; no other follower has it. */
  name: string;
  clock: Clock;
  randomness: Randomness;
  signal: AbortSignal;
  /** Where to begin; without it a copy of everything comes first. */
  from?: StreamPlace;
  /** Of a server on this machine: how it is reached, instead of by its address. */
  connect?: (signal: AbortSignal) => Promise<Socket>;
  /** We count for nothing at the server, as no replica of it would: it is told that we have nothing, and no more often than it must be. */
  isUncounted?: boolean;
  /** How fast the copy is taken; without it as fast as it comes. */
  pace?: CopyPace;
  /** The state has changed, or why it is away. */
  onChange: () => void;
}

/** The primary sends something every ten seconds, if its owner has not said otherwise. */
const silentMs = 60_000;
const acknowledgeEveryMs = 1_000;
/** A server gives up a replica that has not spoken for a minute. */
const uncountedEveryMs = 45_000;
const reconnectBackoff = { firstMs: 100, maxMs: 5_000 };

/** What came before cannot be gone on with. Another copy may be. */
export class CopyIsLost extends TransferError {
  constructor(message: string, cause?: unknown) {
    super("SourceLost", message, { isRetryable: true, cause });
  }
}

export class SourceFollower {
  readonly copy: Spool;
  readonly stream: Spool;
  /** Where in the stream the copy stands; null before it begins. */
  copyAt: StreamPlace | null = null;
  /** How long the copy is; null while nobody knows. */
  copyBytes: number | null = null;
  state: FollowerState = "copying";
  /** Why it is away. */
  trouble: string | null = null;
  address: Address | null = null;
  /** In the stream, how far the changes are used. What the primary is told. */
  applied = 0;
  /** Of which the last byte has come. */
  received = 0;

  readonly #options: FollowerOptions;
  #history = "";
  #isWhole = false;
  #isResting = false;
  #session: AbortController | null = null;
  #client: ReplicationClient | null = null;
  #pulse: SourcePulse | null = null;
  #wake: () => void = () => {};

  constructor(options: FollowerOptions) {
    this.#options = options;
    const { spoolMemoryBytesMax: memoryBytesMax, spoolFileBytesMax: fileBytesMax } = migrationLimits;
    const limits = { memoryBytesMax, fileBytesMax };
    const { from } = options;
    if (from !== undefined) {
      this.copyAt = from;
      this.#history = from.history;
      this.received = this.applied = from.offset;
      this.#isWhole = true;
    }
    this.copy = new Spool(join(options.directory, `${options.name}.copy`), limits);
    this.stream = new Spool(join(options.directory, `${options.name}.stream`), limits);
  }

  get place(): StreamPlace {
    return { history: this.#history, offset: this.received };
  }

  /** Ends with an error only: CopyIsLost, what the source refuses, or the signal's reason. */
  async run(): Promise<never> {
    const { clock, randomness, signal } = this.#options;
    let awaySinceMs: number | null = null;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      await this.#rest();
      try {
        await this.#follow(() => {
          attempt = 0;
          awaySinceMs = null;
        });
      } catch (error) {
        if (this.#isResting && !signal.aborted) continue;
        awaySinceMs ??= clock.monotonicMs();
        this.#requireAnotherTry(error, clock.monotonicMs() - awaySinceMs);
        this.#enter("away", (error as Error).message);
        await clock.sleep(backoffMs(attempt, reconnectBackoff, randomness), signal);
      }
    }
  }

  /** Takes nothing more, or goes on. A copy that has begun comes to its end first. */
  setResting(isResting: boolean): void {
    this.#isResting = isResting;
    if (isResting && this.#isWhole) this.#session?.abort();
    this.#wake();
  }

  /** It rests, and all that came is used. */
  get isAtRest(): boolean {
    return this.state === "resting" && (this.copyAt === null || (this.#isWhole && this.applied === this.received));
  }

  /** Another is the primary now. */
  leave(): void {
    this.#session?.abort();
  }

  acknowledge(): void {
    if (this.#options.isUncounted === true) return this.#acknowledge(0);
    this.#acknowledge(Math.max(this.applied, this.copyAt?.offset ?? 0));
  }

  #acknowledge(offset: number): void {
    this.#client?.write(encodeRequest(["REPLCONF", "ACK", String(offset)]));
  }

  async close(): Promise<void> {
    this.#session?.abort();
    await Promise.all([this.copy.close(), this.stream.close()]);
  }

  get #name(): string {
    return this.address === null ? "The source" : showAddress(this.address);
  }

  async #rest(): Promise<void> {
    const { signal } = this.#options;
    while (this.#isResting && !signal.aborted) {
      this.#enter("resting", null);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    signal.throwIfAborted();
  }

  #requireAnotherTry(error: unknown, awayMs: number): void {
    const { signal } = this.#options;
    signal.throwIfAborted();
    if (!(error instanceof TransferError) || !error.isRetryable || error instanceof CopyIsLost) throw error;
    if (this.copyAt !== null && !this.#isWhole) throw new CopyIsLost(`The copy broke off: ${error.message}`, error);
    if (awayMs < migrationLimits.sourceAwayMsMax) return;
    const minutes = migrationLimits.sourceAwayMsMax / 60_000;
    throw new TransferError("SourceLost", `For ${minutes} minutes: ${error.message}`, { cause: error });
  }

  async #follow(onAgreed: () => void): Promise<void> {
    const { source, locate, signal, clock, connect } = this.#options;
    const address = await locate();
    this.address = address;
    const session = new AbortController();
    this.#session = session;
    const either = AbortSignal.any([signal, session.signal]);
    const socket = await (connect === undefined ? openRemoteSocket(address, source.tls, either) : connect(either));
    const client = new ReplicationClient(socket, { name: showAddress(address), silentMs });
    const end = () => client.close();
    session.signal.addEventListener("abort", end, { once: true });
    signal.addEventListener("abort", end, { once: true });
    try {
      await this.#agree(client);
      onAgreed();
      this.#client = client;
      await Promise.race([this.#takeAll(client), this.#acknowledgeAlways(clock, session.signal)]);
      throw sourceLost(`${showAddress(address)} closed the connection.`);
    } finally {
      this.#client = null;
      this.#pulse?.close();
      session.abort();
      signal.removeEventListener("abort", end);
    }
  }

  async #agree(client: ReplicationClient): Promise<void> {
    const { username, password } = this.#options.source;
    if (password !== null) await client.ask("AUTH", ...(username === null ? [password] : [username, password]));
    try {
      // Nobody listens there: the server shows it, and connects to no replica.
      await client.mention("REPLCONF", "listening-port", "0");
      await client.mention("REPLCONF", "capa", "eof", "capa", "psync2");
      await this.#synchronize(client);
    } catch (error) {
      throw error instanceof CommandRefused ? judge(error) : error;
    }
  }

  async #synchronize(client: ReplicationClient): Promise<void> {
    if (!this.#isWhole) this.#pulse = await this.#beginPulse();
    const answer = this.#isWhole ? await client.psync(this.#history, this.received + 1) : await client.psync("?", -1);
    if (answer.kind === "continue") {
      this.#history = answer.history ?? this.#history;
      return this.#enter("following", null);
    }
    if (this.#isWhole) throw new CopyIsLost(`${this.#name} no longer has the changes since the last one.`);
    this.copyAt = { history: answer.history, offset: answer.offset };
    this.#history = answer.history;
    this.received = this.applied = answer.offset;
    this.#enter("copying", null);
  }

  async #beginPulse(): Promise<SourcePulse | null> {
    const { pace, source, clock, signal } = this.#options;
    if (pace === undefined || this.address === null) return null;
    return SourcePulse.begin({ pace, source, clock, signal }, this.address);
  }

  async #takeAll(client: ReplicationClient): Promise<void> {
    if (!this.#isWhole) await this.#takeCopy(client);
    for await (const chunk of client.stream()) {
      this.stream.push(chunk as Buffer);
      this.received += chunk.length;
      await this.#room(this.stream);
    }
  }

  async #takeCopy(client: ReplicationClient): Promise<void> {
    void this.#pulse?.run();
    for await (const chunk of client.copy()) {
      this.copyBytes ??= client.copyBytes;
      this.copy.push(chunk as Buffer);
      await this.#room(this.copy);
      await this.#options.pace?.spend(chunk.length, this.#options.signal);
    }
    this.#pulse?.close();
    this.#isWhole = true;
    this.copy.end();
    this.acknowledge();
    this.#enter("following", null);
    if (this.#isResting) this.#session?.abort();
  }

  async #room(spool: Spool): Promise<void> {
    while (spool.isFull)
      await new Promise<void>((resolve) => {
        spool.onRoom = resolve;
      });
  }

  async #acknowledgeAlways(clock: Clock, signal: AbortSignal): Promise<never> {
    for (;;) {
      await clock.sleep(this.#options.isUncounted === true ? uncountedEveryMs : acknowledgeEveryMs, signal);
      if (signal.aborted) throw sourceLost("The connection was given up.");
      if (this.#isWhole) this.acknowledge();
    }
  }

  #enter(state: FollowerState, trouble: string | null): void {
    if (state === this.state && trouble === this.trouble) return;
    this.state = state;
    this.trouble = trouble;
    this.#options.onChange();
  }
}

/** The server has no replication for this user, or none at all. */
export class ReplicationForbidden extends TransferError {}

/** What an error reply in the handshake means. */
function judge({ message, reply }: CommandRefused): TransferError {
  if (/^NOPERM|unknown command|not (allowed|supported|permitted)/i.test(reply))
    return new ReplicationForbidden("SourceRefused", message);
  if (/^(WRONGPASS|NOAUTH|ERR invalid password)/.test(reply)) return sourceRefused(message);
  // It has lost its own primary, loads its data, or has no memory to spare: it may be better later.
  return sourceLost(message);
}
