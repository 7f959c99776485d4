/**
 * One client of a load: a connection, made anew whenever it ends, that may be killed at any moment. What becomes of each
 * command is one of three things, and the session sees to it that each has its reason.
 *
 *   reply     what the engine said
 *   refused   the gateway said that the command did not run: only while the engine is away
 *   unknown   it may have run, once. Said by the gateway, or the connection ended: only when the engine was lost, or when
 *             the session itself was killed. Then the command may even run later than others from a new connection.
 */
import { type Reply, ReplyError } from "@larder/resp";
import { CommandClient, type Words } from "../fixture/command-client.ts";
import type { Address } from "../fixture/raw-client.ts";
import type { Ledger } from "./ledger.ts";
import type { Trouble } from "./trouble.ts";

export type Outcome = { kind: "reply"; reply: Reply } | { kind: "refused" } | { kind: "unknown"; mayComeLate: boolean };

export interface SessionOptions {
  name: string;
  addresses: readonly Address[];
  password: string;
  random(below: number): number;
  ledger: Ledger;
  trouble: Trouble;
}

/** Longer than commands are held for an engine that is away, and than it ever is. */
const patienceMs = 25_000;

export class Session {
  onMessage: (message: Reply) => void = () => {};
  /** How often it was connected: what a connection knew is gone when it has changed. */
  connections = 0;
  readonly name: string;

  readonly #options: SessionOptions;
  #client: CommandClient | null = null;
  #wasKilled = false;
  #endedMs = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.name = options.name;
  }

  /** Connects unless it is connected. */
  async connect(): Promise<CommandClient> {
    if (this.#client !== null && !this.#client.isEnded) return this.#client;
    const { addresses, password, random, ledger } = this.#options;
    const protocol = random(2) === 0 ? "2" : "3";
    this.#wasKilled = false;
    const client = await CommandClient.connect(addresses[random(addresses.length)] as Address);
    client.onMessage = (message) => this.onMessage(message);
    const greeting = await client.ask("HELLO", protocol, "AUTH", "default", password);
    if (greeting instanceof ReplyError) ledger.violation(this.name, `HELLO: ${greeting.message}`);
    this.#client = client;
    void client.ended.then(() => {
      this.#endedMs = performance.now();
    });
    this.connections++;
    ledger.count("connections");
    return client;
  }

  async ask(...words: Words): Promise<Outcome> {
    return (await this.pipeline([words]))[0] as Outcome;
  }

  /** All in one write. */
  async pipeline(commands: readonly Words[]): Promise<Outcome[]> {
    const { ledger } = this.#options;
    const startedMs = performance.now();
    const client = await this.#connected();
    if (client === null) return commands.map(() => ({ kind: "unknown", mayComeLate: true }));
    ledger.count("commands", commands.length);
    const late = setTimeout(() => this.#giveUp(client), patienceMs);
    const outcomes = await Promise.all(client.askEach(commands).map((asked) => this.#outcome(asked, startedMs)));
    clearTimeout(late);
    if (client.isOutOfStep) ledger.violation(this.name, "the connection is out of step");
    if (!this.#options.trouble.since(startedMs))
      ledger.slowestMs = Math.max(ledger.slowestMs, performance.now() - startedMs);
    return outcomes;
  }

  /** For RESP2 after SUBSCRIBE: all that comes is a message. */
  async subscribe(...words: Words): Promise<boolean> {
    const client = await this.#connected();
    if (client === null) return false;
    client.isSubscribed = true;
    client.send(...words);
    return true;
  }

  get isEnded(): boolean {
    return this.#client?.isEnded ?? true;
  }

  /** Whether its last connection ended for a reason that the session knows. */
  get endedForReason(): boolean {
    return this.#wasKilled || this.#options.trouble.since(this.#endedMs);
  }

  /** Ends the connection as a client does that crashes. */
  kill(): void {
    if (this.isEnded) return;
    this.#wasKilled = true;
    this.#client?.close();
  }

  /** null when it was killed before it could log in. */
  async #connected(): Promise<CommandClient | null> {
    try {
      return await this.connect();
    } catch (error) {
      this.#options.ledger.violation(this.name, `cannot connect: ${(error as Error).message}`);
      await Bun.sleep(100);
      return null;
    }
  }

  async #outcome(asked: Promise<Reply>, startedMs: number): Promise<Outcome> {
    const { ledger, trouble } = this.#options;
    const reply = await asked.catch(() => undefined);
    if (reply === undefined) {
      if (!this.#wasKilled && !trouble.since(startedMs))
        ledger.violation(this.name, "the connection ended without a reason");
      else if (!this.#wasKilled) ledger.count("connections ended with an engine");
      ledger.count("outcomes unknown");
      return { kind: "unknown", mayComeLate: this.#wasKilled };
    }
    const error = reply instanceof ReplyError ? reply.message : "";
    const isRefused = error.startsWith("UNAVAILABLE ");
    if (!isRefused && !error.startsWith("OUTCOMEUNKNOWN ")) return { kind: "reply", reply };
    if (!trouble.since(startedMs)) ledger.violation(this.name, `without a reason: ${error}`);
    ledger.count(isRefused ? "commands refused" : "outcomes unknown");
    return isRefused ? { kind: "refused" } : { kind: "unknown", mayComeLate: false };
  }

  #giveUp(client: CommandClient): void {
    this.#options.ledger.violation(this.name, `no reply in ${patienceMs} ms`);
    this.#wasKilled = true;
    client.close();
  }
}
