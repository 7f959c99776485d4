/**
 * A program in the place of an engine, which answers `GET key` with `value-of:key`, and otherwise as the test wants: it may
 * damage what it says, from its log-in on. What it says passes through `say`, so that a test can cut it at any byte.
 */
import { collectArguments, encodeRequest, RequestScanner, Scan, unauthenticatedLimits } from "@larder/resp";
import type { Socket, UnixSocketListener } from "bun";

export interface EngineConnection {
  socket: Socket<EngineConnection>;
  isReady: boolean;
  input: Buffer;
  /** Bytes said since the log-in. */
  said: number;
}

type Say = (connection: EngineConnection, reply: Buffer) => void;

/** Says the reply as it is. */
export const sayHonestly: Say = (connection, reply) => void connection.socket.write(reply);

const bulk = (text: string) => Buffer.from(`$${text.length}\r\n${text}\r\n`);

/** The first words of those that it knows, all of two words: name, arity, flags. */
const commandTable = `*3\r\n${["get", "ping", "blpop"]
  .map((name) => `*3\r\n${bulk(name)}:-1\r\n*1\r\n+${name === "blpop" ? "blocking" : "readonly"}\r\n`)
  .join("")}`;

export class ScriptedEngine {
  /** Of replies to commands after the log-in. */
  say: Say = sayHonestly;
  /** Of replies in the log-in. */
  sayAtLogin: Say = sayHonestly;
  readonly connections = new Set<EngineConnection>();

  readonly #scanner = new RequestScanner();
  #listener: UnixSocketListener<EngineConnection> | null = null;

  start(socketPath: string): void {
    this.#listener = Bun.listen<EngineConnection>({
      unix: socketPath,
      socket: {
        open: (socket) => {
          socket.data = { socket, isReady: false, input: Buffer.alloc(0), said: 0 };
          this.connections.add(socket.data);
        },
        data: (socket, bytes) => this.#take(socket.data, bytes),
        close: (socket) => void this.connections.delete(socket.data),
        error: () => {},
      },
    });
  }

  stop(): void {
    this.#listener?.stop(true);
  }

  /** Ends all connections: honest from here on. */
  restart(): void {
    this.say = sayHonestly;
    this.sayAtLogin = sayHonestly;
    for (const connection of this.connections) connection.socket.terminate();
  }

  #take(connection: EngineConnection, bytes: Buffer): void {
    connection.input = Buffer.concat([connection.input, bytes]);
    while (connection.input.length > 0) {
      const { input } = connection;
      if (this.#scanner.scan(input, 0, input.length, { ...unauthenticatedLimits, argumentsMax: 100 }) !== Scan.complete)
        return;
      const words = collectArguments(input, 0).map((word) => word.toString("latin1"));
      connection.input = input.subarray(this.#scanner.end);
      this.#answer(connection, words);
    }
  }

  #answer(connection: EngineConnection, words: readonly string[]): void {
    const name = (words[0] as string).toLowerCase();
    if (connection.isReady) return this.say(connection, answerTo(name, words));
    this.sayAtLogin(connection, loginAnswerTo(name));
    connection.isReady = name === "client";
  }
}

const loginAnswers: Record<string, string> = {
  hello: "*2\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n",
  select: "+OK\r\n",
  command: commandTable,
  ping: "+PONG\r\n",
  client: ":7\r\n",
};

function loginAnswerTo(name: string): Buffer {
  return Buffer.from(loginAnswers[name] ?? "-ERR unknown command\r\n");
}

function answerTo(name: string, words: readonly string[]): Buffer {
  if (name === "get") return bulk(`value-of:${words[1]}`);
  if (name === "blpop") return encodeRequest([words[1] as string, `value-of:${words[1]}`]);
  return Buffer.from("+OK\r\n");
}
