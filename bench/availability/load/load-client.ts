/**
 * One client of a load: a connection that is opened again for as long as it takes when it is lost, and asks that are
 * never repeated. It behaves as a careful application does: whoever asked learns that the outcome is unknown.
 */
import { type Reply, ReplyError } from "@larder/resp";
import { CommandClient, type Words } from "../../../tests/fixture/command-client.ts";
import type { LoadLog } from "./load-log.ts";
import type { LoadTarget } from "./load-target.ts";

/** Between two attempts to connect. */
const retryMs = 20;
/** As applications' clients have one: a connection that does not answer for so long is given up. */
const answerTimeoutMs = 20_000;
/** After an error, so that a target that refuses at once is not asked in a tight loop. */
const afterErrorMs = 5;

/** An ask that was answered with an error, or not at all. */
class AskFailed extends Error {}

export class LoadClient {
  readonly #target: LoadTarget;
  readonly #role: string;
  readonly #onOpen: (connection: CommandClient) => Promise<void>;
  #connection: CommandClient | null = null;
  #isClosed = false;

  /** `onOpen` prepares each connection that is made. */
  constructor(target: LoadTarget, role: string, onOpen: (connection: CommandClient) => Promise<void> = async () => {}) {
    this.#target = target;
    this.#role = role;
    this.#onOpen = onOpen;
  }

  get log(): LoadLog {
    return this.#target.log;
  }

  /** Resolves once it is connected, or closed. */
  async connected(): Promise<void> {
    while (!this.#isClosed && (this.#connection === null || this.#connection.isEnded)) {
      const isAgain = this.#connection !== null;
      if (isAgain) await Bun.sleep(retryMs);
      const connection = await this.#connect();
      if (connection === null) {
        await Bun.sleep(retryMs);
        continue;
      }
      if (isAgain) this.log.reconnected();
      this.#connection = connection;
    }
  }

  /** For one that only listens: resolves when it is closed. */
  async stayConnected(): Promise<void> {
    while (!this.#isClosed) {
      await this.connected();
      await this.#connection?.ended;
    }
  }

  async #connect(): Promise<CommandClient | null> {
    const { port, password } = this.#target.endpoint;
    let connection: CommandClient | null = null;
    try {
      connection = await CommandClient.connect({ port });
      if (password !== null) await connection.ask("AUTH", password);
      await this.#onOpen(connection);
      return connection;
    } catch {
      connection?.close();
      return null;
    }
  }

  /** Throws AskFailed, and writes down why. */
  async ask(...words: Words): Promise<Reply> {
    const [reply] = await this.#watched((connection) => connection.pipeline([words]), answerTimeoutMs);
    return reply as Reply;
  }

  /** As `ask`, of all in one write; fails when one of them does. */
  async askAll(commands: readonly Words[]): Promise<Reply[]> {
    return this.#watched((connection) => connection.pipeline(commands), answerTimeoutMs);
  }

  /** As `ask`, of a command that blocks for as long as it likes. */
  async askBlocking(...words: Words): Promise<Reply> {
    const [reply] = await this.#watched((connection) => connection.pipeline([words]), null);
    return reply as Reply;
  }

  async #watched(send: (on: CommandClient) => Promise<Reply[]>, timeoutMs: number | null): Promise<Reply[]> {
    await this.connected();
    const connection = this.#connection;
    if (connection === null || this.#isClosed) throw new AskFailed("closed");
    const timer = timeoutMs === null ? null : setTimeout(() => connection.close(), timeoutMs);
    try {
      const replies = await send(connection);
      const refusal = replies.find((reply) => reply instanceof ReplyError);
      if (refusal === undefined) return replies;
      throw refusal;
    } catch (error) {
      const text = error instanceof ReplyError ? error.message : "connection lost";
      if (this.#isClosed) throw new AskFailed("closed", { cause: error });
      this.log.failed(this.#role, text);
      await Bun.sleep(afterErrorMs);
      throw new AskFailed(text, { cause: error });
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
  }
}
