/** What the engine itself sees of the gateway: connections and subscriptions, whatever the gateway says of them. */
import { type Reply, ReplyError } from "@larder/resp";
import { CommandClient } from "../fixture/command-client.ts";
import { until } from "../fixture/until.ts";
import type { TestEngine } from "../fixture/valkey.ts";

export interface EngineConnections {
  total: number;
  blocked: number;
  inTransaction: number;
  subscribed: number;
}

export class EngineView {
  readonly #client: CommandClient;

  private constructor(client: CommandClient) {
    this.#client = client;
  }

  static async open(engine: TestEngine): Promise<EngineView> {
    const client = await CommandClient.connect({ unix: engine.socketPath });
    const reply = await client.ask("AUTH", engine.user, engine.password);
    if (reply instanceof ReplyError) throw reply;
    return new EngineView(client);
  }

  close(): void {
    this.#client.close();
  }

  ask(...words: string[]): Promise<Reply> {
    return this.#client.ask(...words);
  }

  /** Without this one. */
  async connections(): Promise<EngineConnections> {
    const lines = String(await this.#client.ask("CLIENT", "LIST", "TYPE", "NORMAL"))
      .trim()
      .split("\n");
    const subscribed = String(await this.#client.ask("CLIENT", "LIST", "TYPE", "PUBSUB"))
      .trim()
      .split("\n");
    const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
    return {
      total: lines.length - 1 + subscribed.filter((line) => line !== "").length,
      blocked: count(/ flags=\w*b/),
      inTransaction: count(/ multi=\d/),
      subscribed: [...lines, ...subscribed].filter((line) => /sub=[1-9]/.test(line)).length,
    };
  }

  /** Resolves once no connection does anything for a client any more. Warm ones may stay. */
  async untilQuiet(): Promise<void> {
    let seen: EngineConnections | undefined;
    await until("the engine's connections are free", async () => {
      seen = await this.connections();
      return seen.blocked + seen.inTransaction + seen.subscribed === 0;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(seen)}`);
    });
  }
}
