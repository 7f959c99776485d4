/**
 * Commands to an engine, many in flight, whose replies matter only where they are errors. What is in flight is bounded in
 * commands and bytes: who writes faster than the engine takes waits.
 *
 * The first error that is not expected ends all: every later call throws it. It says at which offset of the file the command
 * had its value.
 */
import type { Socket } from "node:net";
import { type EngineUser, LarderError } from "@larder/api";
import { encodeRequest, ReplyScanner } from "@larder/resp";
import { TransferError } from "../transfer-error.ts";
import { CommandBytes } from "./command-bytes.ts";

/** What a reply may be, besides what means success. */
export const Expected = {
  /** Nothing else. */
  success: 0,
  /** That the key is there already. It is kept, and counted. */
  kept: 1,
  /** Of a RENAMENX or RENAME: that another key has the name, or that this one has expired by now. */
  keptOrGone: 2,
  /** That a library of functions is there already. It is kept. */
  keptLibrary: 3,
} as const;
export type Expected = (typeof Expected)[keyof typeof Expected];

/** Commands whose replies have not come. */
const commandsInFlightMax = 16_384;
/** Bytes that wait in this process for the socket to take them. */
const bytesWaitingMax = 2 * 1024 * 1024;
const minus = 45;
const colon = 58;
const zero = 48;
/** Error replies are short. */
const replyBytesMax = 1024;
/** Longer than any reply to what is written here. */
const bulkBytesMax = 512 * 1024 * 1024;

export class EngineWriter {
  /** How many keys were there already. */
  kept = 0;
  readonly bytes = new CommandBytes((piece) => this.#socket.write(piece));
  readonly #socket: Socket;
  readonly #scanner = new ReplyScanner(bulkBytesMax);
  readonly #expected = new Uint8Array(commandsInFlightMax);
  readonly #offsets = new Float64Array(commandsInFlightMax);
  #written = 0;
  #answered = 0;
  /** Of the reply that is not complete yet: its beginning. */
  #begun: Buffer = Buffer.alloc(0);
  #failure: Error | null = null;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("drain", () => this.#wake());
    socket.on("close", () =>
      this.#fail(new TransferError("EngineLost", "The node's engine closed the connection.", { isRetryable: true })),
    );
  }

  /** Logs in. The socket is the writer's from here on. */
  static async open(socket: Socket, user: Pick<EngineUser, "name" | "password">): Promise<EngineWriter> {
    const writer = new EngineWriter(socket);
    socket.write(encodeRequest(["AUTH", user.name, user.password]));
    writer.note(0, Expected.success);
    await writer.settled();
    return writer;
  }

  /** Says of the command that was written last to `bytes` what may be answered. `offset`: of its value in the file. */
  note(offset: number, expected: Expected): void {
    const at = this.#written++ % commandsInFlightMax;
    this.#expected[at] = expected;
    this.#offsets[at] = offset;
  }

  command(words: readonly Uint8Array[], offset: number, expected: Expected = Expected.success): void {
    this.bytes.begin(words.length);
    for (const word of words) this.bytes.word(word);
    this.note(offset, expected);
  }

  /** undefined: there is room for more. Else to be awaited before the next command. Throws what has gone wrong. */
  room(): Promise<void> | undefined {
    if (this.#failure !== null) throw this.#failure;
    return this.#hasRoom ? undefined : this.#untilRoom();
  }

  /** Resolves when all is answered. */
  async settled(): Promise<void> {
    this.bytes.flush();
    await this.#until(() => this.#answered === this.#written);
  }

  close(): void {
    this.#socket.destroy();
  }

  get #hasRoom(): boolean {
    // One entry may take a few commands before it is asked again.
    const inFlight = this.#written - this.#answered;
    return inFlight < commandsInFlightMax / 2 && this.#socket.writableLength < bytesWaitingMax;
  }

  async #untilRoom(): Promise<void> {
    this.bytes.flush();
    await this.#until(() => this.#hasRoom);
  }

  async #until(holds: () => boolean): Promise<void> {
    while (this.#failure === null && !holds())
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    if (this.#failure !== null) throw this.#failure;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    this.#wake();
  }

  #take(bytes: Buffer): void {
    let start = 0;
    while (start < bytes.length) {
      const end = this.#scanner.next(bytes, start, bytes.length);
      if (this.#scanner.malformed) return this.#fail(new Error("the engine's replies make no sense"));
      if (this.#scanner.complete) this.#answer(bytes, start, end);
      else this.#keep(bytes.subarray(start, Math.min(end, start + replyBytesMax)));
      start = end;
    }
    this.#wake();
  }

  #answer(bytes: Buffer, start: number, end: number): void {
    const at = this.#answered++ % commandsInFlightMax;
    const { type } = this.#scanner;
    if (type === minus || this.#expected[at] !== Expected.success) {
      const line = Buffer.concat([this.#begun, bytes.subarray(start, Math.min(end, start + replyBytesMax))]);
      this.#judge(line, at);
    }
    if (this.#begun.length > 0) this.#begun = Buffer.alloc(0);
  }

  #keep(part: Buffer): void {
    if (this.#begun.length < replyBytesMax) this.#begun = Buffer.concat([this.#begun, part]);
  }

  #judge(line: Buffer, at: number): void {
    const expected = this.#expected[at];
    if (line[0] === colon) {
      if (expected === Expected.keptOrGone && line[1] === zero) this.kept++;
      return;
    }
    if (line[0] !== minus) return;
    const text = line.toString("latin1", 1).trimEnd();
    if (expected === Expected.kept && text.startsWith("BUSYKEY")) this.kept++;
    else if (!isHarmless(text, expected)) this.#fail(new EngineRefusal(text, this.#offsets[at] as number));
  }
}

function isHarmless(text: string, expected: number | undefined): boolean {
  if (expected === Expected.keptOrGone) return text.startsWith("ERR no such key");
  return expected === Expected.keptLibrary && text.includes("already exists");
}

/** An error reply, and the offset in the file of what it is about. */
export class EngineRefusal extends LarderError {
  readonly reply: string;
  readonly offset: number;

  constructor(reply: string, offset: number) {
    super("Conflict", `The node's engine refused it: ${reply}`);
    this.reply = reply;
    this.offset = offset;
  }
}
