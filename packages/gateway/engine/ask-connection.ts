/** A server connection of the gateway itself: asks one thing after another, and gives each answer decoded. */
import { encodeRequest, type Reply } from "@larder/resp";
import type { Socket } from "bun";
import { peerEngine } from "../cpu/affinity.ts";
import { ServerConnection, type ServerTarget } from "./server-connection.ts";

export class AskConnection extends ServerConnection {
  override readonly isShared = false;
  /** The native engine's process; null for another kind, and where that cannot be told. */
  engineProcess: number | null = null;
  readonly #asked: ((reply: Reply | undefined) => void)[] = [];
  #input: Buffer = Buffer.alloc(0);

  /** Resolves with the answer, which may be a ReplyError; with undefined when the connection ends before it. */
  ask(words: readonly (string | Buffer)[]): Promise<Reply | undefined> {
    if (this.state !== "ready") return Promise.resolve(undefined);
    const request = encodeRequest(words);
    this.append(request, 0, request.length);
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  override onOpen(socket: Socket<ServerConnection>): void {
    const { fd } = socket as { fd?: number };
    this.engineProcess = fd === undefined ? null : peerEngine(fd);
    super.onOpen(socket);
  }

  override onReplies(bytes: Buffer): void {
    this.#input = Buffer.concat([this.#input, bytes]);
    for (;;) {
      const reply = this.decodeOrClose(this.#input);
      if (reply === undefined) return;
      this.#input = this.#input.subarray(reply.end);
      const answer = this.#asked.shift();
      if (answer === undefined) return this.close();
      answer(reply.value);
    }
  }

  override onEnd(): void {
    for (const answer of this.#asked.splice(0)) answer(undefined);
  }
}

/** Resolves once it is logged in, or with null when that fails. */
export function connectToAsk(target: ServerTarget): Promise<AskConnection | null> {
  const connection = new AskConnection(target);
  return new Promise((resolve) =>
    connection.start({ onReady: () => resolve(connection), onClosed: () => resolve(null) }),
  );
}

/** One such connection, made when something is asked and kept for the next question. */
export class Questions {
  #connecting: Promise<AskConnection | null> | null = null;
  #connection: AskConnection | null = null;

  /** Resolves with undefined where there is no answer. */
  async ask(target: ServerTarget, words: readonly (string | Buffer)[]): Promise<Reply | undefined> {
    if (this.#connection?.state !== "ready") {
      this.#connecting ??= connectToAsk(target).finally(() => {
        this.#connecting = null;
      });
      this.#connection = await this.#connecting;
    }
    return this.#connection?.ask(words);
  }

  close(): void {
    void this.#connecting?.then((connection) => connection?.close());
    this.#connection?.close();
  }
}
