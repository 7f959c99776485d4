/**
 * Whose replies come next on a server connection: a queue of (client, count, bytes, treatment), as a ring that grows. One
 * entry stands for a run of commands of one client that were written together, `bytes` long.
 */
import type { ClientConnection } from "../client/client-connection.ts";
import type { Treatment } from "./reply-treatment.ts";

export class ReplyQueue {
  #mask = 63;
  #clients: (ClientConnection | null)[] = new Array<ClientConnection | null>(64).fill(null);
  #counts: number[] = new Array<number>(64).fill(0);
  #bytes: number[] = new Array<number>(64).fill(0);
  #treatments: Treatment[] = new Array<Treatment>(64).fill(null);
  #head = 0;
  #tail = 0;

  get isEmpty(): boolean {
    return this.#head === this.#tail;
  }

  push(client: ClientConnection, count: number, bytes: number, treatment: Treatment): void {
    if (treatment === null && this.#head !== this.#tail) {
      const last = (this.#tail - 1) & this.#mask;
      if (this.#clients[last] === client && this.#treatments[last] === null) {
        this.#counts[last] = (this.#counts[last] as number) + count;
        this.#bytes[last] = (this.#bytes[last] as number) + bytes;
        return;
      }
    }
    if (((this.#tail + 1) & this.#mask) === this.#head) this.#grow();
    this.#clients[this.#tail] = client;
    this.#counts[this.#tail] = count;
    this.#bytes[this.#tail] = bytes;
    this.#treatments[this.#tail] = treatment;
    this.#tail = (this.#tail + 1) & this.#mask;
  }

  /** The client of the next reply. The queue must not be empty. */
  get client(): ClientConnection {
    return this.#clients[this.#head] as ClientConnection;
  }

  get count(): number {
    return this.#counts[this.#head] as number;
  }

  /** Of all commands of the entry, those already answered included. */
  get bytes(): number {
    return this.#bytes[this.#head] as number;
  }

  get treatment(): Treatment {
    return this.#treatments[this.#head] as Treatment;
  }

  /** What is left of all of them. */
  entries(): { client: ClientConnection; count: number; bytes: number; treatment: Treatment }[] {
    const used = (this.#tail - this.#head) & this.#mask;
    return Array.from({ length: used }, (_, index) => {
      const at = (this.#head + index) & this.#mask;
      return {
        client: this.#clients[at] as ClientConnection,
        count: this.#counts[at] as number,
        bytes: this.#bytes[at] as number,
        treatment: this.#treatments[at] as Treatment,
      };
    });
  }

  /** Takes `count` replies off the first entry, and the entry itself with its last; then returns the entry's bytes, else 0. */
  take(count: number): number {
    const left = (this.#counts[this.#head] as number) - count;
    this.#counts[this.#head] = left;
    if (left > 0) return 0;
    const bytes = this.#bytes[this.#head] as number;
    this.#clients[this.#head] = null;
    this.#treatments[this.#head] = null;
    this.#head = (this.#head + 1) & this.#mask;
    return bytes;
  }

  #grow(): void {
    const size = this.#mask + 1;
    const order = Array.from({ length: size }, (_, index) => (this.#head + index) & this.#mask);
    const used = (this.#tail - this.#head) & this.#mask;
    this.#clients = order.map((at) => this.#clients[at] ?? null).concat(new Array<null>(size).fill(null));
    this.#counts = order.map((at) => this.#counts[at] ?? 0).concat(new Array<number>(size).fill(0));
    this.#bytes = order.map((at) => this.#bytes[at] ?? 0).concat(new Array<number>(size).fill(0));
    this.#treatments = order.map((at) => this.#treatments[at] ?? null).concat(new Array<null>(size).fill(null));
    this.#head = 0;
    this.#tail = used;
    this.#mask = size * 2 - 1;
  }
}
