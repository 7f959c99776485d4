/**
 * Where a process gets its mail: one channel of the server for all services and calls of the process. A letter is the address in
 * the process, a line break, and JSON.
 */
import { connectionLimits, ServerUnreachable } from "../../connection/connection.ts";
import type { Server } from "../../connection/server.ts";
import { withResolvers } from "../../promise.ts";
import { systemRandomness } from "../../randomness.ts";
import { subscriptionsOf } from "../subscriptions.ts";

interface Addressee {
  onLetter(letter: unknown): void;
  /** Mail arrives from now on; also after each reconnection. */
  onOpen?(): void;
}

const mailboxes = new WeakMap<Server, Mailbox>();

export function mailboxOf(server: Server): Mailbox {
  let mailbox = mailboxes.get(server);
  if (mailbox === undefined) {
    mailbox = new Mailbox(server);
    mailboxes.set(server, mailbox);
  }
  return mailbox;
}

export function newAddress(): string {
  return systemRandomness.bytes(12).toString("hex");
}

export class Mailbox {
  readonly channel = `larder:mail:${newAddress()}`;
  readonly #server: Server;
  readonly #addressees = new Map<string, Addressee>();
  #isOpen = false;
  #stop: (() => void) | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Resolves once mail arrives. Rejects when that takes too long. */
  async opened(): Promise<void> {
    if (this.#isOpen) return;
    const address = newAddress();
    const { promise, resolve } = withResolvers();
    const stop = this.add(address, { onLetter: () => {}, onOpen: resolve });
    const timer = setTimeout(resolve, connectionLimits.connectMs);
    await promise;
    clearTimeout(timer);
    stop();
    if (!this.#isOpen) throw new ServerUnreachable();
  }

  /** Returns what ends it. Once somebody has been here the channel stays, as the next call would only open it again. */
  add(address: string, addressee: Addressee): () => void {
    this.#addressees.set(address, addressee);
    this.#stop ??= this.#listen();
    if (this.#isOpen) queueMicrotask(() => addressee.onOpen?.());
    return () => this.#addressees.delete(address);
  }

  #listen(): () => void {
    return subscriptionsOf(this.#server).listen(this.channel, {
      onMessage: (payload) => this.#deliver(payload),
      onSubscribed: () => {
        this.#isOpen = true;
        for (const addressee of [...this.#addressees.values()]) addressee.onOpen?.();
      },
      onLost: () => {
        this.#isOpen = false;
      },
      onTrouble: () => {},
    });
  }

  #deliver(payload: Buffer): void {
    const end = payload.indexOf("\n");
    const addressee = this.#addressees.get(payload.toString("latin1", 0, end));
    if (addressee === undefined) return;
    try {
      addressee.onLetter(JSON.parse(payload.toString("utf8", end + 1)));
    } catch {
      // Nobody of this package wrote it; whoever waits for something better is told by a time-out.
    }
  }
}

export function payloadOf(address: string, letter: unknown): string {
  return `${address}\n${JSON.stringify(letter)}`;
}
