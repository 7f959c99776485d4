/**
 * The commands in flight on a shared connection whose engine has said that it is no primary (any more). A command that it
 * refused with READONLY or MASTERDOWN was not executed, so the next primary can be asked it; the connection takes no more
 * and ends with the last reply.
 *
 * The order of one client's commands stays: from its first refused command on, nothing that comes for it here is
 * delivered, and all of it is asked again. That is right for refused commands and for reads, whose answers may be older
 * than the write before them. A client that has anything else in flight behind (a transaction, a script, PUBLISH) is told
 * the errors as they come.
 */
import { ReplyScanner } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { Class, classOf, mayWrite, onlyReads } from "../commands/command-classes.ts";
import { limits } from "../limits.ts";
import { demotedRefusals, refusalAt } from "./refusal.ts";
import { outcomeUnknownError, planAgain } from "./replay.ts";
import { swallow, type Treatment } from "./reply-treatment.ts";

const PUSH = 62;
const MINUS = 45;

export interface InFlight {
  client: ClientConnection;
  treatment: Treatment;
  request: Buffer;
  entry: number;
  /** It is part of no transaction. */
  isSingle: boolean;
}

/** Bytes [start, end) of one reply; `isComplete` with its last. */
export interface ReplyPiece {
  bytes: Buffer;
  start: number;
  end: number;
  isComplete: boolean;
}

interface Withheld<Command> {
  command: Command;
  /** For the client, should it have to be told after all. */
  error: string;
}

const repeated: readonly Class[] = [Class.shared, Class.slow, Class.blockingStream];
const readonlyError = "-READONLY You can't write against a read only replica.\r\n";

/** Whether a refusal of it says anything of the engine: a script words its errors itself. */
export function isTelling({ entry }: InFlight): boolean {
  return classOf(entry) !== Class.script && classOf(entry) !== Class.exec;
}

export class SteppingDown<Command extends InFlight> {
  readonly #commands: readonly Command[];
  /** Whether all that the client of a command has in flight from there on can be asked again. */
  readonly #canRepeat: readonly boolean[];
  readonly #pass: (command: Command, piece: ReplyPiece) => void;
  readonly #withheld = new Map<ClientConnection, Withheld<Command>[]>();
  readonly #scanner = new ReplyScanner(limits.replyBulkBytesMax);
  #answered = 0;
  #isDropping = false;
  /** The beginning of what may be a refusal. */
  #kept: Buffer | null = null;

  /** `pass` gives a client what is not withheld from it. */
  constructor(commands: readonly Command[], pass: (command: Command, piece: ReplyPiece) => void) {
    this.#commands = commands;
    this.#pass = pass;
    this.#canRepeat = repeatableTails(commands);
  }

  get isOver(): boolean {
    return this.#answered === this.#commands.length;
  }

  /** Takes what the engine says. False when it makes no sense. */
  take(arrived: Buffer): boolean {
    const bytes = this.#kept === null ? arrived : Buffer.concat([this.#kept, arrived]);
    this.#kept = null;
    for (let position = 0; position < bytes.length; ) {
      const command = this.#commands[this.#answered];
      if (command === undefined) return false;
      if (!this.#scanner.isInside && !this.#begin(command, bytes, position)) return true;
      const start = position;
      position = this.#scanner.next(bytes, start, bytes.length);
      const isComplete = this.#scanner.complete;
      if (this.#scanner.malformed || this.#scanner.type === PUSH) return false;
      if (isComplete) this.#answered++;
      if (!this.#isDropping) this.#pass(command, { bytes, start, end: position, isComplete });
    }
    return true;
  }

  /** Who has the beginning of a reply, and not its end. */
  get inside(): ClientConnection | null {
    const command = this.#commands[this.#answered];
    const isInside = this.#scanner.isInside && !this.#isDropping && command?.treatment === null;
    return isInside ? command.client : null;
  }

  /** The connection has ended: what is withheld, and what is not answered, goes back to the clients. `lost` cannot be saved. */
  end(lost: ClientConnection | null): void {
    const withheld = new Set([...this.#withheld.values()].flat().map(({ command }) => command));
    const left = new Map<ClientConnection, Command[]>();
    for (const command of [...withheld, ...this.#commands.slice(this.#answered)]) {
      const known = left.get(command.client);
      if (known === undefined) left.set(command.client, [command]);
      else known.push(command);
    }
    for (const [client, commands] of left) {
      const awaited = commands.filter(({ treatment }) => treatment !== swallow);
      const muted = commands.length - awaited.length;
      if (muted > 0) client.onServerLost(muted, { isInside: false, plan: null });
      const plan = planAgain(awaited, (command) => withheld.has(command));
      if (awaited.length > 0) client.onServerLost(awaited.length, { isInside: client === lost, plan });
    }
  }

  /** Whose reply is next. */
  get next(): ClientConnection | null {
    return this.#commands[this.#answered]?.client ?? null;
  }

  /** Decides on the reply that begins. False: there is too little of it. */
  #begin(command: Command, bytes: Buffer, position: number): boolean {
    const refusal = refusalAt(bytes, position, demotedRefusals);
    if (refusal === "maybe") {
      this.#kept = Buffer.from(bytes.subarray(position));
      return false;
    }
    const isRefused = refusal === "yes";
    const withheld = this.#withheld.get(command.client);
    const begins = withheld === undefined && isRefused && this.#canRepeat[this.#answered] === true;
    // A single command that got another error changed nothing either.
    const goesOn = withheld !== undefined && (onlyReads(command.entry) || bytes[position] === MINUS);
    if (withheld !== undefined && !goesOn) this.#tell(command.client, withheld);
    this.#isDropping = begins || goesOn;
    const error = isRefused ? readonlyError : outcomeUnknownError;
    if (begins) this.#withheld.set(command.client, [{ command, error }]);
    else if (goesOn) withheld.push({ command, error });
    return true;
  }

  /** A write was executed behind one that was refused: to repeat that one now would turn their order round. */
  #tell(client: ClientConnection, withheld: readonly Withheld<Command>[]): void {
    this.#withheld.delete(client);
    for (const { command, error } of withheld) {
      const bytes = Buffer.from(error);
      this.#pass(command, { bytes, start: 0, end: bytes.length, isComplete: true });
    }
  }
}

function repeatableTails(commands: readonly InFlight[]): boolean[] {
  const spoiled = new Set<ClientConnection>();
  return commands
    .toReversed()
    .map(({ client, treatment, entry, isSingle }) => {
      const canRepeat = isSingle && treatment === null && repeated.includes(classOf(entry));
      if (!canRepeat || !(onlyReads(entry) || mayWrite(entry))) spoiled.add(client);
      return !spoiled.has(client);
    })
    .toReversed();
}
