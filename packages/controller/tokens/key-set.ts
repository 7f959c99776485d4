/** The public keys of one issuer of tokens, as they are known at this moment. Whoever finds or makes them puts them here. */
import { createLocalJWKSet, errors, type JWK, type JWTVerifyGetKey } from "jose";

export type PublicKey = JWK;

/** An issuer with more keys has a fault. */
export const keysMax = 100;

/** Of an RSA or elliptic-curve key, what is public. Anything else of a set is left out, a secret above all. */
const publicMembers = ["kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y"] as const;

export class KeySet {
  #keys: readonly PublicKey[] = [];
  #find: JWTVerifyGetKey = noKey;
  readonly #listeners: (() => void)[] = [];

  get keys(): readonly PublicKey[] {
    return this.#keys;
  }

  /** For jose's `jwtVerify`. */
  readonly findKey: JWTVerifyGetKey = (header, token) => this.#find(header, token);

  has(keyId: string): boolean {
    return this.#keys.some(({ kid }) => kid === keyId);
  }

  /** Takes the place of all that were there. */
  use(keys: readonly PublicKey[]): void {
    const taken = publicKeysOf(keys);
    if (JSON.stringify(taken) === JSON.stringify(this.#keys)) return;
    this.#keys = taken;
    this.#find = taken.length === 0 ? noKey : createLocalJWKSet({ keys: taken });
    for (const onChanged of this.#listeners) onChanged();
  }

  listen(onChanged: () => void): void {
    this.#listeners.push(onChanged);
  }
}

const noKey: JWTVerifyGetKey = () => {
  throw new errors.JWKSNoMatchingKey();
};

/** Those that can be used, as far as they are public. */
export function publicKeysOf(keys: readonly PublicKey[]): PublicKey[] {
  return keys.flatMap((key) => publicKeyOf(key) ?? []).slice(0, keysMax);
}

function publicKeyOf(key: PublicKey): PublicKey | undefined {
  if (key.kty !== "RSA" && key.kty !== "EC") return undefined;
  if (key.use !== undefined && key.use !== "sig") return undefined;
  return Object.fromEntries(publicMembers.flatMap((name) => (key[name] === undefined ? [] : [[name, key[name]]])));
}
