/**
 * A connection of the agent to an engine: one question at a time is usual, any number in flight is right. RESP2, over
 * the engine's Unix socket. Not for users' data, and not fast.
 *
 * After it closed, whatever is unanswered and every later question fails with `EngineUnreachable`.
 */
import { createConnection, type Socket } from "node:net";
import type { EngineUser } from "@larder/api";
import { decodeReply, encodeRequest, type Reply, ReplyError } from "@larder/resp";

/** The engine could not be asked, or the answer's fate is unknown. Expected whenever an engine starts or dies. */
export class EngineUnreachable extends Error {
  override readonly name = "EngineUnreachable";
}

/** The engine answered with an error. The message leaves the arguments out: they may be secret. */
export class EngineRefused extends Error {
  override readonly name = "EngineRefused";
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** Long enough for a script at its time limit, past which an engine answers BUSY. */
const questionTimeoutMs = 10_000;

export class EngineConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  readonly #waiting: Waiting[] = [];
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("timeout", () => socket.destroy());
    socket.on("error", () => socket.destroy());
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        for (const one of this.#waiting.splice(0))
          one.reject(new EngineUnreachable("the engine closed the connection"));
        resolve();
      });
    });
  }

  /** Connects and logs in. Throws EngineUnreachable or, when the user is not let in, EngineRefused. */
  static async open(socketPath: string, user: Pick<EngineUser, "name" | "password">): Promise<EngineConnection> {
    const connection = new EngineConnection(await connect(socketPath));
    try {
      await connection.ask("AUTH", user.name, user.password);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** The reply; an error reply throws EngineRefused. An engine that does not answer in time closes the connection. */
  async ask(...command: readonly string[]): Promise<Exclude<Reply, ReplyError>> {
    const [reply = null] = await this.#askAll([command]);
    return reply;
  }

  /** Sections of INFO as they are together right behind the commands, all in one write. */
  async infos(commands: readonly (readonly string[])[], sections: readonly string[]): Promise<Map<string, string>> {
    const replies = await this.#askAll([...commands, ...sections.map((section) => ["INFO", section])]);
    return parseInfo(replies.slice(commands.length).map(String).join("\r\n"));
  }

  /** The `key:value` lines of one section of INFO. */
  info(section: string): Promise<Map<string, string>> {
    return this.infoBehind([], section);
  }

  /** As it is right behind the commands, all in one write: the engine does nothing else between them. */
  infoBehind(commands: readonly (readonly string[])[], section: string): Promise<Map<string, string>> {
    return this.infos(commands, [section]);
  }

  close(): void {
    this.#socket.destroy();
  }

  #askAll(commands: readonly (readonly string[])[]): Promise<Exclude<Reply, ReplyError>[]> {
    if (this.#socket.destroyed) return Promise.reject(new EngineUnreachable("the connection is closed"));
    const replies = commands.map(async ([name]) => {
      const reply = await new Promise<Reply>((resolve, reject) => this.#waiting.push({ resolve, reject }));
      if (reply instanceof ReplyError) throw new EngineRefused(`${name} was refused: ${reply.message}`);
      return reply;
    });
    this.#socket.setTimeout(questionTimeoutMs);
    this.#socket.write(Buffer.concat(commands.map(encodeRequest)));
    return Promise.all(replies);
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    try {
      for (let reply = decodeReply(this.#received, 0); reply !== undefined; reply = decodeReply(this.#received, 0)) {
        this.#received = this.#received.subarray(reply.end);
        this.#waiting.shift()?.resolve(reply.value);
      }
    } catch {
      this.#socket.destroy();
    }
    if (this.#waiting.length === 0) this.#socket.setTimeout(0);
  }
}

function parseInfo(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) values.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return values;
}

function connect(socketPath: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath);
    const onError = (error: Error) =>
      reject(new EngineUnreachable("nothing answers on the engine's socket", { cause: error }));
    socket.once("error", onError);
    socket.once("connect", () => {
      socket.off("error", onError);
      resolve(socket);
    });
  });
}
