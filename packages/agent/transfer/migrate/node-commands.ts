/** What a node's engine says of the commands that it knows: which there are, and where their keys stand. Pure, from COMMAND. */
import { CommandTable } from "@larder/resp";
import { type RemoteReply, textOf } from "../remote/remote-reply.ts";

/** As COMMAND has them: the first and the last key's place, negative from the end, and the step between; 0: no keys there. */
export interface KeyPlaces {
  first: number;
  last: number;
  step: number;
}

export class NodeCommands {
  readonly #known: CommandTable;
  readonly #places: ReadonlyMap<string, KeyPlaces>;

  /** `reply` is that of COMMAND: [name, arity, flags, first, last, step, …, subcommands] for each. */
  constructor(reply: RemoteReply) {
    const places = new Map<string, KeyPlaces>();
    for (const command of Array.isArray(reply) ? reply : []) collect(command, places);
    this.#places = places;
    this.#known = new CommandTable(
      new Map([...places.keys()].filter((name) => !name.includes("|")).map((name) => [name, 1])),
    );
  }

  /** Without a string: it is asked for every command of the stream. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#known.find(bytes, start, end) >= 0;
  }

  /** Of a command, or of its subcommand where it has those. */
  placesOf(name: string, subcommand: string): KeyPlaces | undefined {
    return this.#places.get(`${name}|${subcommand}`) ?? this.#places.get(name);
  }
}

function collect(command: RemoteReply, places: Map<string, KeyPlaces>): void {
  if (!Array.isArray(command)) return;
  const [name, , , first, last, step] = command;
  const subcommands = command[9];
  places.set(textOf(name).toLowerCase(), { first: Number(first), last: Number(last), step: Number(step) });
  if (Array.isArray(subcommands)) for (const each of subcommands) collect(each, places);
}
