/**
 * Whose tokens are taken for one purpose, and the keys by which they are known: issuers elsewhere, and those of this process, such as
 * an embedded identity provider, that say themselves which keys they have.
 */
import type { TokenIssuer } from "@larder/api";
import { type KnownIssuer, plainAudience } from "@larder/service";
import type { KeySet } from "./key-set.ts";

export interface TrustedIssuer {
  /** As the tokens' `iss` has it. */
  issuer: string;
  audiences: readonly string[];
  keys: KeySet;
  /** Looks for a key that is not among them; resolves when that is done. Absent where there are no others. */
  lookFor?(keyId: string): Promise<void>;
}

export class TokenIssuers {
  readonly #issuers = new Map<string, TrustedIssuer>();
  readonly #listeners: (() => void)[] = [];

  /** Instead of one of the same name. */
  add(issuer: TrustedIssuer): void {
    this.#issuers.set(issuer.issuer, issuer);
    issuer.keys.listen(() => this.#tell());
    this.#tell();
  }

  get isEmpty(): boolean {
    return this.#issuers.size === 0;
  }

  /** For `verifyToken`. */
  readonly find = (issuer: string): KnownIssuer | undefined => {
    const found = this.#issuers.get(issuer);
    return found && { audiences: found.audiences, findKey: found.keys.findKey };
  };

  async lookFor({ issuer, keyId }: { issuer: string; keyId: string }): Promise<void> {
    await this.#issuers.get(issuer)?.lookFor?.(keyId);
  }

  /** As gateways are told. */
  published(): TokenIssuer[] {
    return [...this.#issuers.values()].map(({ issuer, audiences, keys }) => ({
      issuer,
      audiences: [...new Set(audiences.map(plainAudience))],
      keys: keys.keys.map((key) => ({ ...key })),
    }));
  }

  /** Called after each change of issuers or keys. */
  listen(onChanged: () => void): void {
    this.#listeners.push(onChanged);
  }

  #tell(): void {
    for (const onChanged of this.#listeners) onChanged();
  }
}
