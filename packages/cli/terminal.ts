/**
 * The two streams that a command writes to. Results go to standard output, everything about the run (progress, hints,
 * problems) to standard error. Each has its own colours: none where it is not a terminal or where NO_COLOR is set.
 */
import picocolors from "picocolors";

export type Colors = ReturnType<typeof picocolors.createColors>;

export interface Terminal {
  /** Writes to standard output; the caller ends its lines. */
  out(text: string): void;
  /** Writes to standard error. */
  err(text: string): void;
  colors: Colors;
  errColors: Colors;
  /** A person reads standard output. */
  isOutTerminal: boolean;
  isErrTerminal: boolean;
  /** A person can answer questions. */
  isInTerminal: boolean;
  columns: number;
}

export const plainColors: Colors = picocolors.createColors(false);

export function systemTerminal(): Terminal {
  const hasColors = (stream: NodeJS.WriteStream) =>
    stream.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    colors: picocolors.createColors(hasColors(process.stdout)),
    errColors: picocolors.createColors(hasColors(process.stderr)),
    isOutTerminal: process.stdout.isTTY === true,
    isErrTerminal: process.stderr.isTTY === true,
    isInTerminal: process.stdin.isTTY === true,
    get columns() {
      return process.stdout.columns || 80;
    },
  };
}

/** Printing to a pipe whose reader has left (`larder list | head -1`) ends the command quietly, as it ends `ls`. */
export function endWhenReaderLeaves(): void {
  const end = (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  };
  process.stdout.on("error", end);
  process.stderr.on("error", end);
}

export function printJson(terminal: Terminal, document: unknown): void {
  terminal.out(`${JSON.stringify(document, null, 2)}\n`);
}
