/** Asks a person before data is lost. */
import { createInterface } from "node:readline/promises";
import { CommandError } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** Throws InvalidParameter where nobody can be asked. */
export async function isAgreed({ doing, question }: { doing: string; question: string }, terminal: Terminal) {
  if (!terminal.isInTerminal || !terminal.isErrTerminal)
    throw new CommandError("InvalidParameter", `${doing} needs your word, and nobody can be asked here.`, "add --yes");
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`${terminal.errColors.bold(question)} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    terminal.err("\n");
    return false;
  } finally {
    prompt.close();
  }
}
