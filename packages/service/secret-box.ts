/**
 * Seals text that holds secrets, for disks: AES-256-GCM, with the name of what it is for bound in, so that one sealed text cannot
 * stand in another's place. Texts name their key; several keys open, the first of them seals. It is not for secrets that have to be
 * compared only: those are kept as hashes.
 *
 *   sealed:1:KEY-ID:BASE64URL(12 bytes of nonce, ciphertext, 16 bytes of tag)
 */
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import type { Randomness } from "./randomness.ts";

export const secretKeyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const prefix = "sealed:1:";

/** A sealed text that no key opens, or that was changed. Its message has no part of it. */
export class SealBroken extends Error {
  override readonly name = "SealBroken";
}

export class SecretBox {
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #randomness: Pick<Randomness, "bytes">;
  /** Of the key that seals. */
  readonly keyId: string;

  /** `keys`: at least one, each of `secretKeyBytes`. */
  constructor(keys: readonly Buffer[], randomness: Pick<Randomness, "bytes">) {
    if (keys.length === 0 || keys.some((key) => key.length !== secretKeyBytes))
      throw new Error(`a secrets key has to have ${secretKeyBytes} bytes`);
    this.#keys = new Map(keys.map((key) => [keyIdOf(key), key]));
    this.#randomness = randomness;
    this.keyId = keyIdOf(keys[0] as Buffer);
  }

  /** With which all begin that the first key seals. */
  get mark(): string {
    return `${prefix}${this.keyId}:`;
  }

  seal(text: string, context: string): string {
    const nonce = this.#randomness.bytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#keys.get(this.keyId) as Buffer, nonce);
    cipher.setAAD(Buffer.from(context));
    const bytes = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return this.mark + bytes.toString("base64url");
  }

  /** Sealed by the first key, whether another had sealed it or none; undefined where that is so already, or no key opens it. */
  sealedAnew(text: string, context: string): string | undefined {
    const keyId = sealedBy(text);
    if (keyId === this.keyId) return undefined;
    try {
      return this.seal(keyId === undefined ? text : this.open(text, context), context);
    } catch (error) {
      if (error instanceof SealBroken) return undefined;
      throw error;
    }
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /** Throws SealBroken. */
  open(sealed: string, context: string): string {
    const key = this.#keys.get(sealedBy(sealed) ?? "");
    if (key === undefined) throw new SealBroken("It is sealed with a key that is not at hand.");
    const bytes = Buffer.from(sealed.slice(sealed.lastIndexOf(":") + 1), "base64url");
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes));
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      return decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8") + decipher.final("utf8");
    } catch (error) {
      throw new SealBroken("It was changed since it was sealed.", { cause: error });
    }
  }
}

/** The id of the key that sealed the text; undefined where it is not sealed. */
export function sealedBy(text: string): string | undefined {
  return text.startsWith(prefix) ? text.slice(prefix.length, text.indexOf(":", prefix.length)) : undefined;
}

function keyIdOf(key: Buffer): string {
  return createHash("sha256").update("larder secrets key").update(key).digest("hex").slice(0, 8);
}
