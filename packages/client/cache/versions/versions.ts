/**
 * Versions of the namespace, of prefixes and of tags, as this process knows them. Each is a key in the server with a token that nobody else ever had; to
 * invalidate everything that depends on it is to write another one. Where the server tells of changes they are remembered until it does;
 * otherwise they are read each time. An absent version matches nothing, so one that the server has evicted only costs loads.
 */
import type { InFlight } from "../in-flight.ts";
import { cacheLimits } from "../limits.ts";
import { nameOf, prefixesOf } from "../names.ts";
import { type Cell, VersionSet } from "./version-set.ts";

/** Where versions are kept. */
export interface VersionSource {
  /** Whether changes are told of, so that what was read may be remembered. */
  readonly isTracked: boolean;
  read(names: readonly string[]): Promise<(string | null)[]>;
  /** As it is, made where there is none. */
  ensure(name: string): Promise<{ token: string; isNew: boolean }>;
  /** Another one. */
  renew(name: string): Promise<string>;
}

/** Tokens by name, as the server had them when it was asked for a value; undefined: it was not asked for that one. */
export interface Told {
  get(name: string): string | null | undefined;
}

/** The server could not be asked for them: whether a value counts is not known. */
export class VersionsUnknown extends Error {
  override readonly name = "VersionsUnknown";
}

export const rootVersion = "#r";

/** Entries that are hashed have hexadecimal digits behind the mark. */
export function isVersion(name: string): boolean {
  return name === rootVersion || name.startsWith("#t:") || name.startsWith("#p:");
}

export function tagVersion(tag: string): string {
  return `#t:${nameOf(tag)}`;
}

export function prefixVersion(prefix: string): string {
  return `#p:${nameOf(prefix)}`;
}

/** What an entry depends on, in the order in which its envelope has the tokens. */
export function versionNames(text: string, tags: readonly string[]): string[] {
  return [rootVersion, ...prefixesOf(text).map(prefixVersion), ...tags.map(tagVersion)];
}

export class Versions {
  readonly #source: VersionSource;
  readonly #inFlight: InFlight;
  readonly #cells = new Map<string, Cell>();
  /** By their section in the envelope. */
  readonly #sets = new Map<string, VersionSet>();
  #stamp = 0;

  constructor(source: VersionSource, inFlight: InFlight) {
    this.#source = source;
    this.#inFlight = inFlight;
  }

  /** Another after each change. */
  get stamp(): number {
    return this.#stamp;
  }

  /** One object for the same section, as long as there are not too many. */
  setOf(section: string, parse: () => { names: string[]; tokens: string[] } | null): VersionSet | null {
    const known = this.#sets.get(section);
    if (known !== undefined) return known;
    const parsed = parse();
    if (parsed === null || parsed.names.length !== parsed.tokens.length) return null;
    if (this.#sets.size >= cacheLimits.knownVersionsMax) this.#sets.clear();
    const set = new VersionSet(
      parsed.names.map((name) => this.#cell(name)),
      parsed.tokens,
    );
    this.#sets.set(section, set);
    return set;
  }

  /** Whether the set is what the server has. Synchronous where all is known, or was `told` with the value. */
  isCurrent(set: VersionSet, told?: Told): boolean | Promise<boolean> {
    if (set.isCurrent(this.#stamp)) return true;
    const unknown: Cell[] = [];
    for (let index = 0; index < set.cells.length; index++) {
      const cell = set.cells[index] as Cell;
      const token = cell.token ?? told?.get(cell.name);
      if (token === undefined) unknown.push(cell);
      else if (token !== set.tokens[index]) return false;
    }
    return unknown.length === 0 || this.#compare(set, unknown, told);
  }

  /** Of what is stored now with these tokens. */
  setFor(names: string[], tokens: string[]): VersionSet | null {
    return this.setOf(tokens.join(""), () => ({ names, tokens }));
  }

  /** The tokens to store with a value that is loaded after this; what does not exist is made. */
  async ensured(names: readonly string[]): Promise<string[]> {
    return (await this.#ensured(names)).map(({ token }) => token);
  }

  /** The same for a value that was loaded already, from `sinceMs` on; null where one has changed since then. */
  async ensuredSince(names: readonly string[], sinceMs: number): Promise<string[] | null> {
    const ensured = await this.#ensured(names);
    const isUnchanged = ensured.every(({ token, isNew }) => isNew || createdAtMs(token) < sinceMs);
    return isUnchanged ? ensured.map(({ token }) => token) : null;
  }

  /** What depends on it counts no more, in all processes. Rejects when the server could not be told. */
  async renew(name: string): Promise<void> {
    this.changed(name);
    const ticket = this.#inFlight.begin(name);
    let token: string | null = null;
    try {
      token = await this.#source.renew(name);
    } finally {
      const isOvertaken = ticket.isDirty;
      this.#inFlight.end(ticket);
      this.changed(name);
      if (this.#source.isTracked && !isOvertaken) this.#cell(name).token = token;
    }
  }

  /** Somebody has changed it. */
  changed(name: string): void {
    this.#inFlight.dirty(name);
    const cell = this.#cells.get(name);
    if (cell !== undefined) this.#forget(cell);
  }

  /** Nothing is known any more. */
  lost(): void {
    for (const cell of this.#cells.values()) cell.token = null;
    this.#bump();
  }

  async #compare(set: VersionSet, unknown: readonly Cell[], told?: Told): Promise<boolean> {
    const tokens = await this.#read(unknown);
    return set.cells.every((cell, index) => {
      const at = unknown.indexOf(cell);
      return (at < 0 ? (cell.token ?? told?.get(cell.name)) : tokens[at]) === set.tokens[index];
    });
  }

  async #read(cells: readonly Cell[]): Promise<(string | null)[]> {
    const tickets = cells.map((cell) => this.#inFlight.begin(cell.name));
    try {
      const tokens = await this.#source.read(cells.map((cell) => cell.name)).catch(unknown);
      if (this.#source.isTracked)
        for (const [index, cell] of cells.entries())
          if (tickets[index]?.isDirty === false) cell.token = tokens[index] ?? null;
      return tokens;
    } finally {
      for (const ticket of tickets) this.#inFlight.end(ticket);
    }
  }

  #ensured(names: readonly string[]): Promise<{ token: string; isNew: boolean }[]> {
    return Promise.all(
      names.map((name) => {
        const cell = this.#cell(name);
        return cell.token === null ? this.#learn(cell) : { token: cell.token, isNew: false };
      }),
    );
  }

  async #learn(cell: Cell): Promise<{ token: string; isNew: boolean }> {
    const ticket = this.#inFlight.begin(cell.name);
    try {
      const ensured = await this.#source.ensure(cell.name);
      if (this.#source.isTracked && !ticket.isDirty) cell.token = ensured.token;
      return ensured;
    } finally {
      this.#inFlight.end(ticket);
    }
  }

  #cell(name: string): Cell {
    let cell = this.#cells.get(name);
    if (cell !== undefined) return cell;
    if (this.#cells.size >= cacheLimits.knownVersionsMax) this.#evict();
    cell = { name, token: null };
    this.#cells.set(name, cell);
    return cell;
  }

  #evict(): void {
    const [oldest] = this.#cells.values();
    if (oldest === undefined) return;
    this.#cells.delete(oldest.name);
    this.#forget(oldest);
  }

  #forget(cell: Cell): void {
    if (cell.token === null) return;
    cell.token = null;
    this.#bump();
  }

  #bump(): void {
    this.#stamp = (this.#stamp + 1) >>> 0;
  }
}

/** Of a token: microseconds in its first 16 digits. */
function createdAtMs(token: string): number {
  return Number(token.slice(0, 16)) / 1_000;
}

function unknown(cause: unknown): never {
  throw new VersionsUnknown("The versions that an entry depends on could not be read.", { cause });
}
