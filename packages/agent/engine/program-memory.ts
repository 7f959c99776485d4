/**
 * What programs answered when they were asked what they are. One is asked again only when its file is another, which a
 * package manager makes it by putting a new file in the place of the old, or when it gave no answer.
 */
import { realpathSync, statSync } from "node:fs";

export class ProgramMemory {
  readonly #answers = new Map<string, { file: string; answer: unknown }>();

  /** Whatever is known is asked anew. */
  clear(): void {
    this.#answers.clear();
  }

  /** What `question` finds out about the program; undefined, which is not kept, where it does not answer. */
  async ask<T>(path: string, question: (path: string) => Promise<T | undefined>): Promise<T | undefined> {
    const file = fileOf(path);
    const known = this.#answers.get(path);
    if (known !== undefined && known.file === file) return known.answer as T;
    const answer = await question(path);
    if (answer === undefined || file === undefined) this.#answers.delete(path);
    else this.#answers.set(path, { file, answer });
    return answer;
  }
}

/** Names the file that the path leads to now, and its contents as far as they show without reading it. */
function fileOf(path: string): string | undefined {
  try {
    const { dev, ino, size, mtimeMs } = statSync(path);
    return `${realpathSync(path)} ${dev} ${ino} ${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}
