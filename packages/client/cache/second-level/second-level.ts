/** The second level: what is asked of the server, in its names. Decides nothing; rejects when the server did not do it. */
import type { Script } from "../../connection/script.ts";
import type { Randomness } from "../../randomness.ts";
import { cacheLimits } from "../limits.ts";
import type { Told, VersionSource } from "../versions/versions.ts";
import type { Link } from "./link.ts";
import { type Landing, type ReadBeside, Reads } from "./reads.ts";
import {
  expireScript,
  fillScript,
  leaseScript,
  releaseScript,
  renewScript,
  storeScript,
  versionScript,
} from "./scripts.ts";

export type LeaseAnswer =
  | { kind: "mine" }
  /** Another has it for so long yet. */
  | { kind: "held"; forMs: number }
  | { kind: "value"; bytes: Buffer };

export interface Fill {
  name: string;
  /** The identity of the value that is replaced; empty: none. */
  seen: Buffer;
  token: string;
  bytes: Buffer;
  lifeMs: number;
}

/** Longer than any entry may live. */
const versionLifeMs = 2 * cacheLimits.entryLifeMsMax;

export class SecondLevel implements VersionSource {
  readonly #link: Link;
  readonly #reads: Reads;
  readonly #randomness: Randomness;
  readonly #namespace: string;

  constructor(link: Link, { namespace, randomness }: { namespace: string; randomness: Randomness }) {
    this.#link = link;
    this.#reads = new Reads(link);
    this.#randomness = randomness;
    this.#namespace = namespace;
  }

  get isTracked(): boolean {
    return this.#link.isTracked;
  }

  /** What `landing` makes of the entry's bytes. `versions` are read along with it. */
  land<T>(name: string, versions: readonly string[], landing: Landing<T>): Promise<T> {
    const beside = versions.length === 0 ? versions : versions.map((version) => this.#key(version));
    return this.#reads.land(this.#key(name), beside, landing);
  }

  /** Of what was read along with an entry. */
  told(beside: ReadBeside): Told {
    return {
      get: (name) => {
        const token = beside.get(this.#key(name));
        return token === undefined ? undefined : tokenOf(token);
      },
    };
  }

  async lease(lease: { name: string; seen: Buffer; token: string; timeMs: number }): Promise<LeaseAnswer> {
    const args = [lease.seen, lease.token, String(lease.timeMs)];
    const reply = await this.#link.ask((connection) => leaseScript.runBytes(connection, this.#keys(lease.name), args));
    const [kind, detail] = reply as [Buffer, Buffer | number | undefined];
    if (String(kind) === "value") return { kind: "value", bytes: detail as Buffer };
    return String(kind) === "mine" ? { kind: "mine" } : { kind: "held", forMs: detail as number };
  }

  /** Whether it was stored: not when the lease had ended, or another value was there. */
  async fill({ name, seen, token, bytes, lifeMs }: Fill): Promise<boolean> {
    const args = [seen, token, bytes, lifeArgument(lifeMs)];
    return (await this.#link.ask((connection) => fillScript.run(connection, this.#keys(name), args))) === 1;
  }

  /** Nobody waits for it, and an unanswered question for the lease may yet have got it: it is sent whatever the breaker says. */
  release(name: string, token: string): void {
    this.#link.tell((connection) => releaseScript.run(connection, [this.#leaseKey(name)], [token]));
  }

  async store(name: string, bytes: Buffer, lifeMs: number): Promise<void> {
    const args = [bytes, lifeArgument(lifeMs)];
    await this.#link.ask((connection) => storeScript.run(connection, this.#keys(name), args));
  }

  async remove(names: readonly string[]): Promise<void> {
    await this.#link.ask((connection) =>
      Promise.all(names.map((name) => connection.ask(["DEL", ...this.#keys(name)]))),
    );
  }

  async expire(names: readonly string[], freshUntilMs: number): Promise<void> {
    const freshUntil = Buffer.alloc(8);
    freshUntil.writeDoubleBE(freshUntilMs);
    await this.#link.ask((connection) =>
      Promise.all(names.map((name) => expireScript.run(connection, this.#keys(name), [freshUntil]))),
    );
  }

  async read(names: readonly string[]): Promise<(string | null)[]> {
    const tokens = await Promise.all(names.map((name) => this.#reads.read(this.#key(name))));
    return tokens.map(tokenOf);
  }

  async ensure(name: string): Promise<{ token: string; isNew: boolean }> {
    const random = this.#random();
    const token = await this.#version(versionScript, name, random);
    return { token, isNew: token.endsWith(random) };
  }

  renew(name: string): Promise<string> {
    return this.#version(renewScript, name, this.#random());
  }

  async #version(script: Script, name: string, random: string): Promise<string> {
    const args = [random, String(versionLifeMs)];
    return String(await this.#link.ask((connection) => script.run(connection, [this.#key(name)], args)));
  }

  #random(): string {
    return this.#randomness.bytes(4).toString("hex");
  }

  #key(name: string): string {
    return `${this.#namespace}:${name}`;
  }

  #leaseKey(name: string): string {
    return `{${this.#namespace}:${name}}:lease`;
  }

  #keys(name: string): [string, string] {
    return [this.#key(name), this.#leaseKey(name)];
  }
}

function tokenOf(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString("latin1");
}

/** Redis takes whole milliseconds above none. */
function lifeArgument(lifeMs: number): string {
  return String(Math.max(1, Math.ceil(lifeMs)));
}

/** What changed, of the namespace: an entry or a version by its name, or the lease of one. Null: of another namespace. */
export function changedName(key: string, namespace: string): string | null {
  if (key.startsWith(`${namespace}:`)) return key.slice(namespace.length + 1);
  if (key.startsWith(`{${namespace}:`) && key.endsWith("}:lease"))
    return key.slice(namespace.length + 2, -"}:lease".length);
  return null;
}
