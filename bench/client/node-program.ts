/** One of the programs of this bench, on Node, and what it is asked (programs/serve.mjs). */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

const errorTextMax = 2_000;

export class NodeProgram implements AsyncDisposable {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #asked = 0;
  #complaints = "";

  constructor(script: string, args: readonly string[], { nodeOptions = [] }: { nodeOptions?: readonly string[] } = {}) {
    const path = join(import.meta.dir, "programs", script);
    this.#child = Bun.spawn(["node", ...nodeOptions, path, ...args], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
    createInterface(Readable.fromWeb(this.#child.stdout as never)).on("line", (line) => this.#hear(line));
    Readable.fromWeb(this.#child.stderr as never).on("data", (chunk: Buffer) => {
      this.#complaints = (this.#complaints + chunk.toString()).slice(-errorTextMax);
    });
    void this.#child.exited.then((status) => this.#ended(status));
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Rejects with the program's error, or with its last words when it ends. */
  ask<Result>(name: string, argument: unknown = null): Promise<Result> {
    const id = this.#asked++;
    void this.#child.stdin.write(`${JSON.stringify([id, name, argument])}\n`);
    void this.#child.stdin.flush();
    return new Promise((resolve, reject) =>
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject }),
    );
  }

  /** As a crash does. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #hear(line: string): void {
    if (!line.startsWith("[")) return;
    const [id, result, error] = JSON.parse(line) as [number, unknown, string?];
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }

  #ended(status: number | null): void {
    const error = new Error(`a program ended with status ${status}: ${this.#complaints}`);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
