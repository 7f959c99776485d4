/**
 * Hashes of passwords and client secrets: argon2id. Of passwords it takes memory and time by design, so that only so many run at
 * once and only so many wait. Client secrets are made here and too long to be guessed: theirs is cheap.
 */
import { LarderError } from "@larder/api";

export type SecretKind = "password" | "client secret";

/** `memoryCost` in KiB. For passwords as OWASP recommends (Password Storage Cheat Sheet). */
const costs = {
  password: { memoryCost: 19_456, timeCost: 2 },
  "client secret": { memoryCost: 1_024, timeCost: 1 },
} as const;
const runningMax = 2;
/** Past it callers are asked to come again: `ServiceUnavailable`. */
const waitingMax = 64;

export class SecretHasher {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  /** Of nobody's secret: it is compared with where there is no principal, so that both answers take as long. */
  readonly #nobody = new Map<SecretKind, Promise<string>>();

  hash(kind: SecretKind, secret: string): Promise<string> {
    return this.#bounded(() => Bun.password.hash(secret, { algorithm: "argon2id", ...costs[kind] }));
  }

  /** Takes as long for an unknown principal, whose hash is undefined. */
  async isMatch(kind: SecretKind, secret: string, hash: string | undefined): Promise<boolean> {
    const expected = hash ?? (await this.#hashOfNobody(kind));
    const isSame = await this.#bounded(() => Bun.password.verify(secret, expected, "argon2id"));
    return isSame && hash !== undefined;
  }

  #hashOfNobody(kind: SecretKind): Promise<string> {
    const known = this.#nobody.get(kind) ?? this.hash(kind, "nobody has this secret");
    this.#nobody.set(kind, known);
    return known;
  }

  async #bounded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= runningMax) await this.#turn();
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  /** Resolves once another has ended; its place passes over. */
  #turn(): Promise<void> {
    if (this.#waiting.length >= waitingMax)
      throw new LarderError("ServiceUnavailable", "Too many are signing in at this moment; try again.");
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
