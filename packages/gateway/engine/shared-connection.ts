/**
 * A server connection that many clients share: commands go out pipelined in the order of their arrival, and each reply
 * goes to the client at the head of the queue. Only commands that leave nothing behind on a connection may be sent.
 *
 * It always reads: a client that does not take its replies must not hold up the others (they wait in the client's own
 * output, which is bounded). Replies pass in pieces as they come. Anything that does not match the queue, and a push,
 * which nobody can have asked for here, closes the connection: after lost synchronisation nothing on it can be trusted.
 *
 * It keeps what it sent until it is answered. When it is lost, each client gets back what may be sent again (replay.ts).
 */
import { ReplyScanner } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { limits } from "../limits.ts";
import { planReplay } from "./replay.ts";
import { ReplyQueue } from "./reply-queue.ts";
import { isRewrite, ReplyTreatment, swallow, type Treatment } from "./reply-treatment.ts";
import { ServerConnection } from "./server-connection.ts";

const PUSH = 62;

export class SharedConnection extends ServerConnection {
  override readonly isShared = true;
  readonly #queue = new ReplyQueue();
  readonly #scanner = new ReplyScanner(limits.replyBulkBytesMax);
  readonly #treatment = new ReplyTreatment();

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
    return this.#queue.isEmpty;
  }

  /** Hot: one pass over the bytes, a write for each client whose replies stand together. */
  override onReplies(bytes: Buffer): void {
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
      while (whole < wanted && position < limit) {
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
    }
    if (this.#treatment.hasRewritten) this.#treatment.flush(queue.client);
    if (scanner.isInside && !queue.isEmpty) queue.client.isInsideReply = queue.treatment === null;
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
