/**
 * A replication connection of `pg` once START_REPLICATION was sent. That package parses the protocol's frames and has no public
 * way to hand their contents on: its inner connection is used, in this file only.
 */
import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Client } from "pg";

interface InnerConnection extends EventEmitter {
  stream: Socket;
  sendCopyFromChunk(bytes: Buffer): void;
  end(): void;
}

export interface ReplicationListener {
  onBegin(): void;
  onMessage(bytes: Buffer): void;
  onEnd(error: unknown): void;
}

/** How long the server has to close after it was asked to. */
const closeMsMax = 1_000;

export class Replication {
  readonly #connection: InnerConnection;
  readonly #closed: Promise<void>;

  constructor(client: Client) {
    this.#connection = (client as unknown as { connection: InnerConnection }).connection;
    this.#closed = new Promise((resolve) => this.#connection.once("end", resolve));
  }

  begin(client: Client, command: string, listener: ReplicationListener): void {
    const lost = () => listener.onEnd(new Error("PostgreSQL has closed the replication connection."));
    this.#connection.once("replicationStart", listener.onBegin);
    this.#connection.on("copyData", ({ chunk }: { chunk: Buffer }) => listener.onMessage(chunk));
    this.#connection.once("end", lost);
    client.query(command).then(lost, listener.onEnd);
  }

  send(status: Buffer): void {
    this.#connection.sendCopyFromChunk(status);
  }

  pause(): void {
    this.#connection.stream.pause();
  }

  resume(): void {
    this.#connection.stream.resume();
  }

  async close(): Promise<void> {
    this.resume();
    this.#connection.end();
    const timer = setTimeout(() => this.#connection.stream.destroy(), closeMsMax);
    await this.#closed;
    clearTimeout(timer);
  }
}
