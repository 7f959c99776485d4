/**
 * A server connection that many clients share: commands go out pipelined in the order of their arrival, and each reply
 * goes to the client at the head of the queue. Only commands that leave nothing behind on a connection may be sent.
 *
 * It always reads: a client that does not take its replies must not hold up the others (they wait in the client's own
 * output, which is bounded). Replies pass in pieces as they come. Anything that does not match the queue, and a push,
 * which nobody can have asked for here, closes the connection: after lost synchronisation nothing on it can be trusted.
 *
 * It keeps what it sent until it is answered. When it is lost, each client gets back what may be sent again (replay.ts).
 * An engine that refuses a command as it is no primary is left, as soon as it has answered (stepping-down.ts).
 */
import { ReplyScanner } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { limits } from "../limits.ts";
import { demotedRefusals, refusalAt } from "./refusal.ts";
import { planReplay, unansweredOf } from "./replay.ts";
import { ReplyQueue } from "./reply-queue.ts";
import { isRewrite, ReplyTreatment, swallow, type Treatment } from "./reply-treatment.ts";
import { ServerConnection } from "./server-connection.ts";
import { type InFlight, isTelling, type ReplyPiece, SteppingDown } from "./stepping-down.ts";

const PUSH = 62;
const MINUS = 45;

export class SharedConnection extends ServerConnection {
  override readonly isShared = true;
  readonly #queue = new ReplyQueue();
  readonly #scanner = new ReplyScanner(limits.replyBulkBytesMax);
  readonly #treatment = new ReplyTreatment();
  /** The beginning of what may be a refusal. */
  #kept: Buffer | null = null;
  /** Set once the engine has said that it is no primary. */
  #steppingDown: SteppingDown<InFlight> | null = null;

  /** Sends `count` whole commands of the client, bytes [start, end). */
  send(client: ClientConnection, bytes: Buffer, start: number, end: number, count: number, treatment: Treatment): void {
    this.#queue.push(client, count, end - start, treatment);
    client.inFlight += count;
    try {
      this.append(bytes, start, end);
    } catch (error) {
      // Replies would come to the wrong clients.
      this.close();
      throw error;
    }
  }

  /** Nothing is in flight on it. */
  get isDrained(): boolean {
    return this.#queue.isEmpty && this.#steppingDown === null;
  }

  /** Hot: one pass over the bytes, a write for each client whose replies stand together. */
  override onReplies(arrived: Buffer): void {
    if (this.#steppingDown !== null) return this.#stepDownWith(this.#steppingDown, arrived);
    const bytes = this.#kept === null ? arrived : Buffer.concat([this.#kept, arrived]);
    this.#kept = null;
    const queue = this.#queue;
    const scanner = this.#scanner;
    const limit = bytes.length;
    let position = scanner.isInside ? this.#goOnInside(bytes) : 0;
    while (position < limit) {
      if (queue.isEmpty) return this.close();
      const client = queue.client;
      const wanted = queue.count;
      const treatment = queue.treatment;
      const start = position;
      let whole = 0;
      let refusal: ReturnType<typeof refusalAt> = "no";
      while (whole < wanted && position < limit) {
        if (bytes[position] === MINUS && !scanner.isInside) {
          refusal = this.#refusalAt(bytes, position, whole);
          if (refusal !== "no") break;
        }
        position = scanner.next(bytes, position, limit);
        if (scanner.malformed || scanner.type === PUSH) return this.close();
        if (!scanner.complete) break;
        whole++;
        if (treatment !== null) break;
      }
      if (treatment === null) client.deliver(bytes, start, position);
      else this.#treatment.apply(client, treatment, { bytes, start, end: position, isComplete: whole > 0 });
      if (whole > 0) {
        const answered = queue.take(whole);
        if (answered > 0) this.forgetAnswered(answered);
        if (treatment !== null && !this.#rewritesNext(client)) this.#treatment.flush(client);
        client.onReplied(whole);
      }
      if (refusal !== "no") return this.#stopAt(bytes, position, client);
    }
    if (this.#treatment.hasRewritten) this.#treatment.flush(queue.client);
    if (scanner.isInside && !queue.isEmpty) queue.client.isInsideReply = queue.treatment === null;
  }

  /** Whether the engine refuses the command behind the next `whole` ones as it is no primary. Then no more are sent to it. */
  #refusalAt(bytes: Buffer, position: number, whole: number): ReturnType<typeof refusalAt> {
    const refusal = refusalAt(bytes, position, demotedRefusals);
    if (refusal !== "yes") return refusal;
    const [refused, ...behind] = this.#inFlight().slice(whole);
    if (refused === undefined || !isTelling(refused)) return "no";
    this.#steppingDown = new SteppingDown([refused, ...behind], (command, piece) => this.#pass(command, piece));
    this.onDemoted();
    return refusal;
  }

  /** The replies before it have passed. */
  #stopAt(bytes: Buffer, position: number, client: ClientConnection): void {
    if (this.#treatment.hasRewritten) this.#treatment.flush(client);
    if (this.#steppingDown === null) this.#kept = Buffer.from(bytes.subarray(position));
    else if (this.state !== "closed") this.#stepDownWith(this.#steppingDown, bytes.subarray(position));
  }

  #stepDownWith(steppingDown: SteppingDown<InFlight>, bytes: Buffer): void {
    if (!steppingDown.take(bytes) || steppingDown.isOver) this.close();
  }

  #pass({ client, treatment }: InFlight, piece: ReplyPiece): void {
    this.#treatment.apply(client, treatment, piece);
    this.#treatment.flush(client);
    client.isInsideReply = !piece.isComplete && treatment === null;
    if (!piece.isComplete) return;
    if (client.hasMessages) client.sendMessages();
    client.onReplied(1);
  }

  #inFlight(): InFlight[] {
    const { bytes, sent } = this.unanswered();
    let start = 0;
    return this.#queue.entries().flatMap(({ client, count, bytes: length, treatment }) => {
      const run = { start, end: start + length, sent, unanswered: count };
      start += length;
      return unansweredOf(bytes, run, client.commands).map((command) => ({ ...command, client, treatment }));
    });
  }

  /** Rewritten replies that stand together are one write; with another in flight, nothing else comes between. */
  #rewritesNext(client: ClientConnection): boolean {
    return !this.#queue.isEmpty && this.#queue.client === client && isRewrite(this.#queue.treatment);
  }

  /** The last read ended within a reply. Messages to its client that wait for its end go out there. */
  #goOnInside(bytes: Buffer): number {
    const { client, isEmpty } = this.#queue;
    if (isEmpty || !client.isInsideReply) return 0;
    client.isInsideReply = false;
    if (!client.hasMessages) return 0;
    const end = this.#scanner.next(bytes, 0, bytes.length);
    if (this.#scanner.malformed) {
      this.close();
      return bytes.length;
    }
    client.deliver(bytes, 0, end);
    if (!this.#scanner.complete) return end;
    client.sendMessages();
    const answered = this.#queue.take(1);
    if (answered > 0) this.forgetAnswered(answered);
    client.onReplied(1);
    return end;
  }

  override onEnd(): void {
    const steppingDown = this.#steppingDown;
    if (steppingDown !== null) return steppingDown.end(this.isBroken ? steppingDown.next : steppingDown.inside);
    const queue = this.#queue;
    let isInside = this.#scanner.isInside || this.isBroken;
    if (this.#treatment.hasRewritten) this.#treatment.flush(queue.client);
    const { bytes, sent } = this.unanswered();
    let start = 0;
    while (!queue.isEmpty) {
      const { client, count, treatment } = queue;
      const end = start + queue.bytes;
      queue.take(count);
      const isLost = isInside && (treatment === null || this.isBroken);
      const plan =
        treatment === swallow ? null : planReplay(bytes, { start, end, sent, unanswered: count }, client.commands);
      client.onServerLost(count, { isInside: isLost, plan });
      isInside = false;
      start = end;
    }
  }
}
