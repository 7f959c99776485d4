/** Lua that runs in the server, by its hash; the text goes along only when the server does not know it. */
import { createHash } from "node:crypto";
import type { Argument, Connection, Reply } from "./connection.ts";

export class Script {
  readonly #text: string;
  readonly #sha: string;

  constructor(text: string) {
    this.#text = text;
    this.#sha = createHash("sha1").update(text).digest("hex");
  }

  /** Bulk strings come as text. All keys have to be of one slot. */
  run(connection: Connection, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    return this.#run((command) => connection.ask(command), keys, args);
  }

  /** Bulk strings come as bytes. */
  runBytes(connection: Connection, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    return this.#run((command) => connection.askBytes(command), keys, args);
  }

  async #run(
    ask: (command: readonly Argument[]) => Promise<Reply>,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<Reply> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await ask(["EVALSHA", this.#sha, ...rest]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return ask(["EVAL", this.#text, ...rest]);
    }
  }
}
