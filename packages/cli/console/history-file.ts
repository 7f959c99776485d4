/** The lines typed at the console, oldest first, kept over its ends in a file that only its owner can read. */
import { appendFileSync, chmodSync, readFileSync } from "node:fs";
import { writeOwnerFile } from "../owner-file.ts";

const linesMax = 1_000;

export class HistoryFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Newest last. A file that cannot be read is no history. */
  load(): string[] {
    try {
      const lines = readFileSync(this.#path, "utf8")
        .split("\n")
        .filter((line) => line !== "");
      if (lines.length > 2 * linesMax) writeOwnerFile(this.#path, `${lines.slice(-linesMax).join("\n")}\n`);
      chmodSync(this.#path, 0o600);
      return lines.slice(-linesMax);
    } catch {
      return [];
    }
  }

  /** Losing a line of history is not worth an error in the middle of somebody's work. */
  append(line: string): void {
    try {
      appendFileSync(this.#path, `${line}\n`, { mode: 0o600 });
    } catch {}
  }
}
