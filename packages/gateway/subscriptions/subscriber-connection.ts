/**
 * The server connection that subscriptions of many clients share, in RESP3. It says what the engine has of them, and passes
 * on messages. Whom they are for is in channel-hub.ts.
 *
 * Requests are answered in order: each name of a (un)subscription with a push that confirms it, the whole of one with one
 * error, and PING with one reply. Messages come between them. A push or a reply that was not asked for closes the
 * connection: after lost synchronisation nothing on it can be trusted.
 */
import { encodeRequest, ReplyScanner } from "@larder/resp";
import { ServerConnection, type ServerTarget } from "../engine/server-connection.ts";
import { limits } from "../limits.ts";
import { type Kind, kinds } from "./subscriptions.ts";

/** An error is the engine's own bytes. `lost` means that the connection ended first. */
export type Answer = "confirmed" | "lost" | Buffer;

interface Asked {
  /** Confirmations to come; none for PING, which has a reply. */
  confirmations: number;
  then(answer: Answer): void;
}

export type OnMessage = (kind: Kind, name: string, bytes: Buffer, start: number, end: number) => void;

interface SubscriberEvents {
  /** A whole message, bytes [start, end), on what `kind` and `name` say; they are not changed any more. */
  onMessage: OnMessage;
  /** All that one read brought was passed on. */
  onRead(): void;
}

const MINUS = 45;
const PUSH = 62;
const LF = 10;

const messageKinds: ReadonlyMap<string, Kind> = new Map([
  ["message", "subscribe"],
  ["pmessage", "psubscribe"],
  ["smessage", "ssubscribe"],
]);
const ping = encodeRequest(["Ping"]);

export class SubscriberConnection extends ServerConnection {
  override readonly isShared = false;
  readonly #events: SubscriberEvents;
  readonly #scanner = new ReplyScanner(limits.replyBulkBytesMax);
  /** What there is of a message that is not whole. */
  #pieces: Buffer[] = [];
  #asked: Asked[] = [];
  readonly #confirmed: Record<Kind, Set<string>> = {
    subscribe: new Set(),
    psubscribe: new Set(),
    ssubscribe: new Set(),
  };

  constructor(target: ServerTarget, events: SubscriberEvents) {
    super(target);
    this.#events = events;
  }

  /** What the engine has confirmed and not ended. One character of a name is one byte. */
  confirmed(kind: Kind): ReadonlySet<string> {
    return this.#confirmed[kind];
  }

  /** Sends a request that is confirmed so many times. `then` is called exactly once. */
  ask(request: Buffer, confirmations: number, then: (answer: Answer) => void): void {
    if (this.state === "closed") return then("lost");
    this.#asked.push({ confirmations, then });
    this.append(request, 0, request.length);
  }

  /** Calls `then` when all that the engine has sent until now has come. Whatever it answers, it is the answer. */
  fence(then: (answer: Answer) => void): void {
    this.ask(ping, 0, (answer) => then(answer === "lost" ? "lost" : "confirmed"));
  }

  override onReplies(arrived: Buffer): void {
    const scanner = this.#scanner;
    let position = 0;
    while (position < arrived.length && this.state !== "closed") {
      const start = position;
      position = scanner.next(arrived, start, arrived.length);
      if (scanner.malformed) return this.close();
      if (scanner.complete && this.#pieces.length === 0) this.#take(arrived, start, position);
      else this.#pieces.push(arrived.subarray(start, position));
      if (scanner.complete && this.#pieces.length > 0) {
        const whole = Buffer.concat(this.#pieces);
        this.#pieces = [];
        this.#take(whole, 0, whole.length);
      }
    }
    this.#events.onRead();
  }

  override onEnd(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (const each of asked) each.then("lost");
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (bytes[start] !== PUSH) return this.#takeReply(bytes, start, end);
    const first = stringAt(bytes, bytes.indexOf(LF, start) + 1);
    const second = stringAt(bytes, first.next);
    const kind = messageKinds.get(first.text);
    if (kind !== undefined) this.#events.onMessage(kind, second.text, bytes, start, end);
    else this.#confirm(first.text, second.text);
  }

  #takeReply(bytes: Buffer, start: number, end: number): void {
    const asked = this.#asked.shift();
    const isError = bytes[start] === MINUS;
    if (asked === undefined || (asked.confirmations > 0 && !isError)) return this.close();
    asked.then(isError ? Buffer.from(bytes.subarray(start, end)) : "confirmed");
  }

  #confirm(command: string, name: string): void {
    const isEnd = command.includes("unsubscribe");
    const kind = kinds.find((each) => each === (isEnd ? command.replace("un", "") : command));
    const asked = this.#asked[0];
    if (kind === undefined || asked === undefined || asked.confirmations === 0) return this.close();
    if (isEnd) this.#confirmed[kind].delete(name);
    else this.#confirmed[kind].add(name);
    asked.confirmations--;
    if (asked.confirmations > 0) return;
    this.#asked.shift();
    asked.then("confirmed");
  }
}

/** The bulk string at `start`, and the offset after it. Empty where there is none. */
function stringAt(bytes: Buffer, start: number): { text: string; next: number } {
  const lineEnd = bytes.indexOf(LF, start) + 1;
  const end = lineEnd + Number(bytes.toString("latin1", start + 1, lineEnd - 2));
  return { text: bytes.toString("latin1", lineEnd, end), next: end + 2 };
}
