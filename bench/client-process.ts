/**
 * A script of this folder that runs as a process of its own, so that its work is on another core and its CPU time is
 * known. It is given orders and answers each, one JSON line a piece; secrets go to it this way, never as arguments.
 */
import { join } from "node:path";

export interface ClientProcess {
  readonly pid: number;
  /** One order at a time; `about` whom it is stands in front of what went wrong with it. */
  ask<Answer>(about: string, order: object): Promise<Answer>;
}

/** `script` lies beside this file or below. The stack stops the process. */
export function startClientProcess(stack: AsyncDisposableStack, script: string, signal: AbortSignal): ClientProcess {
  const child = Bun.spawn([process.execPath, "--no-env-file", join(import.meta.dir, script)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const onAbort = () => child.kill("SIGKILL");
  signal.addEventListener("abort", onAbort, { once: true });
  stack.defer(async () => {
    signal.removeEventListener("abort", onAbort);
    child.kill("SIGKILL");
    await child.exited;
  });
  const answers = linesOf(child.stdout);
  return {
    pid: child.pid,
    async ask<Answer>(about: string, order: object) {
      void child.stdin.write(`${JSON.stringify(order)}\n`);
      void child.stdin.flush();
      const line = await answers.next();
      signal.throwIfAborted();
      if (line.done) throw new Error(`${about}: ${script} ended without an answer`);
      const answer = JSON.parse(line.value) as { value: Answer } | { error: string };
      if ("error" in answer) throw new Error(`${about}: ${answer.error}`);
      return answer.value;
    },
  };
}

/** In the script: calls `obey` with each order, and answers what it resolves with or that it failed. */
export async function obeyOrders<Order>(obey: (order: Order) => Promise<object>): Promise<void> {
  for await (const line of linesOf(Bun.stdin.stream())) {
    const answer = await obey(JSON.parse(line) as Order).then(
      (value) => ({ value }),
      (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
    );
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of stream) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split("\n");
    pending = lines.pop() ?? "";
    yield* lines;
  }
}
