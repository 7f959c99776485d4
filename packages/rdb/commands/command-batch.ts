/** Commands that go out together, and how many of them, how large and how many elements that may be. */
export type Command = readonly Uint8Array[];

export interface RebuildLimits {
  /** A command takes no further element beyond this many bytes. An element that is larger makes a command of its own. */
  commandBytesMax: number;
  /** A command takes no further element beyond this many. */
  commandElementsMax: number;
  /** A batch takes no further command beyond this many bytes. */
  batchBytesMax: number;
  /** A batch takes no further command beyond this many. */
  batchCommandsMax: number;
  /**
   * Entries that a stream's group has pending are held until it is known whose each is: 40 bytes each. A group with
   * more cannot be rebuilt.
   */
  pendingEntriesMax: number;
}

export const defaultRebuildLimits: RebuildLimits = {
  commandBytesMax: 48 << 10,
  commandElementsMax: 512,
  batchBytesMax: 1 << 20,
  batchCommandsMax: 1024,
  pendingEntriesMax: 4 << 20,
};

export class CommandBatch {
  readonly #limits: RebuildLimits;
  #commands: Command[] = [];
  #bytes = 0;

  constructor(limits: RebuildLimits) {
    this.#limits = limits;
  }

  add(command: Command): void {
    this.#commands.push(command);
    for (const word of command) this.#bytes += word.length;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#limits.batchBytesMax || this.#commands.length >= this.#limits.batchCommandsMax;
  }

  get isEmpty(): boolean {
    return this.#commands.length === 0;
  }

  take(): Command[] {
    const commands = this.#commands;
    this.#commands = [];
    this.#bytes = 0;
    return commands;
  }
}

/** One command that grows: RPUSH, HSET and their like, with the elements that fit. */
export class GrowingCommand {
  readonly #limits: RebuildLimits;
  #words: Uint8Array[] = [];
  #bytes = 0;
  #elements = 0;

  constructor(limits: RebuildLimits) {
    this.#limits = limits;
  }

  get isOpen(): boolean {
    return this.#elements > 0;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#limits.commandBytesMax || this.#elements >= this.#limits.commandElementsMax;
  }

  /** The head is used only if the command is empty. */
  addElement(head: readonly Uint8Array[], words: readonly Uint8Array[]): void {
    if (!this.isOpen) this.#words = [...head];
    for (const word of words) {
      this.#words.push(word);
      this.#bytes += word.length;
    }
    this.#elements++;
  }

  take(): Command {
    const words = this.#words;
    this.#words = [];
    this.#bytes = 0;
    this.#elements = 0;
    return words;
  }
}
