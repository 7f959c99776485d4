/**
 * Which of the commands on one server connection may write, in the order in which they are sent. What is queued in a
 * transaction writes nothing; its EXEC does, if anything in it may. A command that nobody knows may write.
 */
import { authenticatedLimits, type CommandTable, RequestScanner, Scan } from "@larder/resp";
import { Class, classOf, mayWrite } from "../commands/command-classes.ts";

/** So many commands in a row that are alike. */
export interface Stretch {
  count: number;
  writes: boolean;
}

/** It keeps nothing between calls. */
const scanner = new RequestScanner();

export class WriteSpotter {
  #isInTransaction = false;
  #transactionWrites = false;

  /** Of the whole commands in bytes [start, end). */
  stretches(bytes: Buffer, start: number, end: number, commands: CommandTable | null): Stretch[] {
    const found: Stretch[] = [];
    let last: Stretch | undefined;
    for (let position = start; position < end; position = scanner.end) {
      if (scanner.scan(bytes, position, end, authenticatedLimits) !== Scan.complete) break;
      const entry = commands?.find(bytes, scanner.offsets[0] as number, scanner.offsets[1] as number) ?? -1;
      const writes = this.#next(entry, scanner.argumentCount);
      if (last?.writes === writes) {
        last.count++;
        continue;
      }
      last = { count: 1, writes };
      found.push(last);
    }
    return found;
  }

  /** A command of which there is only the beginning. */
  nextLarge(): boolean {
    return this.#next(-1, 0);
  }

  #next(entry: number, argumentCount: number): boolean {
    const found = entry < 0 ? Class.sticky : classOf(entry);
    const isWellFormed = argumentCount === 1;
    if (found === Class.exec && isWellFormed) return this.#endTransaction();
    if (found === Class.discard && isWellFormed) this.#endTransaction();
    else if (found === Class.multi && isWellFormed) this.#isInTransaction = true;
    const writes = entry < 0 || mayWrite(entry);
    if (!this.#isInTransaction) return writes;
    this.#transactionWrites ||= writes;
    return false;
  }

  /** Whether it may write. It may have begun before anybody looked. */
  #endTransaction(): boolean {
    const writes = !this.#isInTransaction || this.#transactionWrites;
    this.#isInTransaction = false;
    this.#transactionWrites = false;
    return writes;
  }
}
