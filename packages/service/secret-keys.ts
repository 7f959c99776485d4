/**
 * Where the keys come from that seal what is kept on disk: the environment (`LARDER_SECRETS_KEY`), or a file that is made at the first
 * start. Either has one key a line, 32 bytes in base64; the first seals, all open.
 *
 * All daemons of a machine share the file, and whoever needs it first makes it. It is read again at each `open()`, so that a new key
 * (`larder secrets rotate`) is taken without a restart; resealing.ts is who notices.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LarderError } from "@larder/api";
import { readTextFile, writeFileAtomic } from "./atomic-file.ts";
import type { Randomness } from "./randomness.ts";
import { SecretBox, secretKeyBytes } from "./secret-box.ts";

export const secretsKeyVariable = "LARDER_SECRETS_KEY";
/** The one that seals, and the one before: whoever was away when it came has files that are sealed with it. */
const keysKept = 2;
/** Where somebody has not sealed anew for several rotations. The oldest goes then, whoever may need it. */
const keysMax = 16;

/** The option of each daemon. */
export const secretsKeyFileOption = {
  type: "string",
  default: undefined,
  text: `The file with the key that seals secrets on disk, made at the first start; else secrets-key in the data directory. ${secretsKeyVariable} counts before it.`,
} as const;

/** Of a daemon with this data directory. */
export function secretKeysOf(path: string | undefined, dataDirectory: string, randomness: Randomness): SecretKeys {
  return new SecretKeys({ path: path ?? join(dataDirectory, "secrets-key"), environment: process.env, randomness });
}

export class SecretKeys {
  readonly #path: string;
  readonly #fromEnvironment: string | undefined;
  readonly #randomness: Randomness;

  constructor(options: { path: string; environment: Record<string, string | undefined>; randomness: Randomness }) {
    this.#path = options.path;
    this.#fromEnvironment = options.environment[secretsKeyVariable] || undefined;
    this.#randomness = options.randomness;
  }

  /** For people: where an operator has to look. */
  get place(): string {
    return this.#fromEnvironment === undefined ? this.#path : secretsKeyVariable;
  }

  /** By the environment: then its owner changes it. */
  get isGiven(): boolean {
    return this.#fromEnvironment !== undefined;
  }

  /** Throws ConfigInvalid for what is no key, and where the file cannot be used. */
  open(): SecretBox {
    return new SecretBox(this.#keys(), this.#randomness);
  }

  /**
   * From now on a new key seals, and the one before opens; `keepsAll`: so do all. Throws OperationNotSupported where the operator
   * gives the key, who then has to change it.
   */
  rotate({ keepsAll = false } = {}): SecretBox {
    if (this.#fromEnvironment !== undefined)
      throw new LarderError(
        "OperationNotSupported",
        `The key is given by ${secretsKeyVariable}: put a new one before it, on a line of its own, start the service again, and rotate then.`,
      );
    const keys = [this.#randomness.bytes(secretKeyBytes), ...this.#keys()].slice(0, keepsAll ? keysMax : keysKept);
    writeFileAtomic(this.#path, textOf(keys));
    return new SecretBox(keys, this.#randomness);
  }

  #keys(): Buffer[] {
    const text = this.#fromEnvironment ?? this.#readOrMake();
    const keys = text
      .split(/[\s,]+/)
      .filter((line) => line !== "")
      .map((line) => Buffer.from(line, "base64"));
    if (keys.length > 0 && keys.every((key) => key.length === secretKeyBytes)) return keys;
    throw new LarderError(
      "ConfigInvalid",
      `${this.place} has to have keys of ${secretKeyBytes} bytes in base64, one a line.`,
    );
  }

  #readOrMake(): string {
    try {
      return readTextFile(this.#path) ?? this.#make();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new LarderError("ConfigInvalid", `The secrets key ${this.#path} cannot be used (${code}).`, {
        cause: error,
      });
    }
  }

  /** Whole or not there, and never in the place of one that another process has just made. */
  #make(): string {
    const made = `${this.#path}.${this.#randomness.uuid()}`;
    writeFileSync(made, textOf([this.#randomness.bytes(secretKeyBytes)]), { mode: 0o600, flush: true });
    try {
      linkSync(made, this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(made);
    }
    return readFileSync(this.#path, "utf8");
  }
}

function textOf(keys: readonly Buffer[]): string {
  return keys.map((key) => `${key.toString("base64")}\n`).join("");
}
