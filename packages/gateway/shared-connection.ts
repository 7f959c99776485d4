/**
 * A server connection that many clients share: commands go out pipelined in the order of their arrival, and each reply
 * goes to the client at the head of the queue. Only commands that leave nothing behind on a connection may be sent.
 *
 * It always reads: a client that does not take its replies must not hold up the others (they wait in the client's own
 * output, which is bounded). Replies pass in pieces as they come. Anything that does not match the queue, and a push,
 * which nobody can have asked for here, closes the connection: after lost synchronisation nothing on it can be trusted.
 */
import { ReplyScanner } from "@larder/resp";
import type { ClientConnection } from "./client-connection.ts";
import { limits } from "./limits.ts";
import { ReplyQueue, swallow, type Treatment } from "./reply-queue.ts";
import { ServerConnection } from "./server-connection.ts";

const PUSH = 62;

export class SharedConnection extends ServerConnection {
  override readonly isShared = true;
  readonly #queue = new ReplyQueue();
  readonly #scanner = new ReplyScanner(limits.replyBulkBytesMax);

  /** Sends `count` whole commands of the client, bytes [start, end). */
  send(client: ClientConnection, bytes: Buffer, start: number, end: number, count: number, treatment: Treatment): void {
    this.#queue.push(client, count, treatment);
    client.inFlight += count;
    this.append(bytes, start, end);
  }

  /** Hot: one pass over the bytes, a write for each client whose replies stand together. */
  override onReplies(bytes: Buffer): void {
    const queue = this.#queue;
    const scanner = this.#scanner;
    const limit = bytes.length;
    let position = 0;
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
      }
      if (treatment === null) client.deliver(bytes, start, position);
      else if (treatment !== swallow)
        for (let each = 0; each < whole; each++) client.deliver(treatment, 0, treatment.length);
      if (whole > 0) {
        queue.take(whole);
        client.onReplied(whole);
      }
    }
  }

  override onEnd(): void {
    const queue = this.#queue;
    let isInside = this.#scanner.isInside;
    while (!queue.isEmpty) {
      const client = queue.client;
      const count = queue.count;
      const wasSwallowed = queue.treatment === swallow;
      queue.take(count);
      client.onServerLost(count, { isInside, wasSwallowed });
      isInside = false;
    }
  }
}
