/**
 * The fields of one session as one request sees them: what was read, and what was changed. Each is JSON of its own, and parsed only
 * when it is asked for. A change is a field whose JSON is another than what was read: also of a value that was altered in place.
 */

/** What a request leaves: written as these fields alone, so that requests which change different fields never undo each other. */
export interface Changes {
  set: [name: string, json: string][];
  remove: string[];
}

export const fieldLimits = {
  /** Of a field's name, in characters. */
  nameLengthMax: 256,
  /** Of a field's value as JSON, in characters: a session is read with every request. */
  valueLengthMax: 1_048_576,
  /** That one commit changes: a script takes no more arguments. */
  changesMax: 1_000,
} as const;

export class Fields {
  #read: ReadonlyMap<string, string>;
  readonly #values = new Map<string, unknown>();
  readonly #removed = new Set<string>();

  constructor(read: ReadonlyMap<string, string> = new Map()) {
    this.#read = read;
  }

  /** `undefined` where there is none, or what is stored is no JSON. */
  get(name: string): unknown {
    if (this.#values.has(name)) return this.#values.get(name);
    const json = this.#removed.has(name) ? undefined : this.#read.get(name);
    if (json === undefined) return undefined;
    const value = parsed(json);
    // Only an object can be altered in place. What nothing can read is left as it is until it is set: the writer may be a newer
    // version.
    if (typeof value === "object" && value !== null) this.#values.set(name, value);
    return value;
  }

  set(name: string, value: unknown): void {
    if (value === undefined) return this.remove(name);
    checkName(name);
    this.#removed.delete(name);
    this.#values.set(name, value);
  }

  remove(name: string): void {
    checkName(name);
    this.#values.delete(name);
    this.#removed.add(name);
  }

  names(): string[] {
    const names = new Set([...this.#read.keys(), ...this.#values.keys()]);
    return [...names].filter((name) => this.get(name) !== undefined);
  }

  /** Whether `changes()` would find any, for less. Throws as it does. */
  hasChanges(): boolean {
    if (this.#removed.size > 0) return true;
    for (const [name, value] of this.#values) if (jsonOf(name, value) !== this.#read.get(name)) return true;
    return false;
  }

  /** Throws a TypeError for a value that is no JSON, and a RangeError for what is too large. */
  changes(): Changes {
    const changes: Changes = { set: [], remove: [...this.#removed] };
    for (const [name, value] of this.#values) {
      const json = jsonOf(name, value);
      if (json === undefined) throw notJson(name);
      if (json !== this.#read.get(name)) changes.set.push([name, json]);
    }
    if (changes.set.length + changes.remove.length > fieldLimits.changesMax)
      throw new RangeError(`A commit changes at most ${fieldLimits.changesMax} fields of a session.`);
    return changes;
  }

  /** All of it, as a session that does not exist yet has to be written. */
  whole(): Changes {
    const all = new Map(this.#read);
    const { set, remove } = this.changes();
    for (const name of remove) all.delete(name);
    for (const [name, json] of set) all.set(name, json);
    return { set: [...all], remove: [] };
  }

  /** They are in the server now. */
  kept(changes: Changes): void {
    if (isEmpty(changes)) return;
    const { set, remove } = changes;
    const read = new Map(this.#read);
    for (const [name, json] of set) read.set(name, json);
    for (const name of remove) {
      read.delete(name);
      this.#removed.delete(name);
    }
    this.#read = read;
  }
}

export function isEmpty({ set, remove }: Changes): boolean {
  return set.length + remove.length === 0;
}

/** What differs between two sets of fields, each as JSON. */
export function changesBetween(read: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): Changes {
  return {
    set: [...now].filter(([name, json]) => read.get(name) !== json),
    remove: [...read.keys()].filter((name) => !now.has(name)),
  };
}

/** `undefined` for what JSON leaves out. */
export function jsonOf(name: string, value: unknown): string | undefined {
  let json: string | undefined;
  try {
    json = JSON.stringify(value) as string | undefined;
  } catch (error) {
    throw notJson(name, error);
  }
  if (json !== undefined && json.length > fieldLimits.valueLengthMax)
    throw new RangeError(
      `The session's field ${JSON.stringify(name)} is longer than ${fieldLimits.valueLengthMax} characters as JSON.`,
    );
  return json;
}

export function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

function notJson(name: string, cause?: unknown): TypeError {
  return new TypeError(`The session's field ${JSON.stringify(name)} is nothing that JSON can hold.`, { cause });
}

function checkName(name: unknown): void {
  if (typeof name === "string" && name.length > 0 && name.length <= fieldLimits.nameLengthMax) return;
  throw new TypeError(`A session's field has a name of 1 to ${fieldLimits.nameLengthMax} characters.`);
}
