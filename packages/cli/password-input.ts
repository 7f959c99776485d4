/** A password from a person, who types it twice and does not see it, or from a file; never from the command line, which others see. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { LarderError } from "@larder/api/errors";
import { CommandError } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

const endOfInput = new Set(["\r", "\n", "\u0004"]);
const interrupt = "\u0003";
const erase = new Set(["\u007f", "\b"]);
/** A shell's status for a program that Ctrl-C ended. */
const interruptedStatus = 130;

/** Throws InvalidParameter where nobody can be asked, and where it was typed differently. */
export async function givenPassword(
  { name, file }: { name: string; file: string | undefined },
  terminal: Terminal,
): Promise<string> {
  if (file !== undefined) return passwordIn(file);
  if (!terminal.isInTerminal || !terminal.isErrTerminal)
    throw new CommandError("InvalidParameter", "There is nobody to type a password here.", "add --password-file FILE");
  const password = await typed(`Password for ${name}: `, terminal);
  if (password === (await typed("Again: ", terminal))) return password;
  throw new LarderError("InvalidParameter", "The two passwords differ.");
}

function passwordIn(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : resolve(file), "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new LarderError("InvalidParameter", `${file} cannot be read (${code}).`, { cause: error });
  }
}

function typed(question: string, terminal: Terminal): Promise<string> {
  terminal.err(question);
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  stdin.resume();
  return new Promise((resolve) => {
    let text: string[] = [];
    const onData = (data: string) => {
      for (const character of data) {
        if (character === interrupt) process.exit(interruptedStatus);
        if (endOfInput.has(character)) return end();
        text = erase.has(character) ? text.slice(0, -1) : [...text, character];
      }
    };
    const end = () => {
      stdin.off("data", onData);
      stdin.setRawMode(false);
      stdin.pause();
      terminal.err("\n");
      resolve(text.join(""));
    };
    stdin.on("data", onData);
  });
}
