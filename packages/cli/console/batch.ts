/**
 * Commands without a prompt: one from the arguments, or those on standard input, a line each. Replies go to standard
 * output, bare in a pipe as redis-cli writes them. The exit status is 1 when the engine answered any with an error.
 */
import { createInterface } from "node:readline";
import { ConsoleConnection, type ConsoleTarget } from "./console-connection.ts";
import { isEndless } from "./endless-command.ts";
import { splitLine } from "./input-line.ts";
import { isPlainReport } from "./plain-report.ts";
import type { Reply } from "./reply.ts";
import { formatReply, type ReplyStyle } from "./reply-format.ts";

export interface BatchOptions {
  target: ConsoleTarget;
  style: ReplyStyle;
  /** The one command to run; empty to read them from standard input. */
  command: readonly string[];
}

const errorStatus = 1;

export async function runCommands({ target, style, command }: BatchOptions): Promise<number> {
  const connection = await ConsoleConnection.open(target);
  connection.onUnasked = (reply) => void process.stdout.write(formatReply(reply, style));
  let status = 0;
  try {
    for await (const args of commandsOf(command)) {
      if (args === "unbalanced") {
        process.stdout.write("Invalid argument(s)\n");
        status = errorStatus;
        continue;
      }
      const reply = await runOne(connection, args);
      process.stdout.write(formatReply(reply, style, isPlainReport(args)));
      if (reply.kind === "error") status = errorStatus;
    }
  } finally {
    connection.close();
  }
  return status;
}

/** A command whose replies have no end is followed until the connection or this process ends. */
function runOne(connection: ConsoleConnection, args: readonly Buffer[]): Promise<Reply> {
  if (!isEndless(args)) return connection.send(args);
  connection.sendUnasked(args);
  return connection.closed;
}

async function* commandsOf(command: readonly string[]): AsyncGenerator<Buffer[] | "unbalanced"> {
  if (command.length > 0) {
    yield command.map((word) => Buffer.from(word));
    return;
  }
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    const args = splitLine(line);
    if (args?.length === 0) continue;
    if (args?.length === 1 && /^(exit|quit)$/i.test(String(args[0]))) return;
    yield args ?? "unbalanced";
  }
}
