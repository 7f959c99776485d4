/**
 * The certificate of the host's nodes as it lies in its files now. Others renew it: the controller on its own machine, the
 * agent itself on a host that has joined. Engines read the files when they start and when they are told to.
 *
 * An engine that is told while the files do not fit together, as they do for a moment while they are replaced, keeps what
 * it has. So nobody is told before they do.
 */
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { EngineFound } from "@larder/api";
import type { NodeTls } from "./replication-settings.ts";
import { isAtLeast } from "./version.ts";

export class NodeCertificate {
  readonly #files: NodeTls | null;
  #edition = "";

  /** null for a host without one. */
  constructor(files: NodeTls | null) {
    this.#files = files;
  }

  /** Names what was in the files when they were last seen to fit; "" before. */
  get edition(): string {
    return this.#edition;
  }

  /** Whether it is another than at the last look. */
  look(): boolean {
    const edition = this.#files === null ? undefined : editionOf(this.#files);
    if (edition === undefined || edition === this.#edition) return false;
    this.#edition = edition;
    return true;
  }

  /**
   * Makes an engine read the files again, also under the names that it has them by, for the connections that are made from
   * then on. Those that it has go on. Redis before 7.0 takes one pair a command, and reads all files after each. Tried on
   * Valkey 8.0.1 and Redis 7.0.15.
   */
  reloadCommands({ name, version }: Pick<EngineFound, "name" | "version">): string[][] {
    if (this.#files === null) return [];
    const { certPath, keyPath, caPath } = this.#files;
    const pairs = [
      ["tls-cert-file", certPath],
      ["tls-key-file", keyPath],
      ["tls-ca-cert-file", caPath],
    ];
    if (name === "redis" && !isAtLeast(version, [7, 0])) return pairs.map((pair) => ["CONFIG", "SET", ...pair]);
    return [["CONFIG", "SET", ...pairs.flat()]];
  }
}

/** undefined while the certificate does not belong to the key, or a file is not there. */
function editionOf({ certPath, keyPath, caPath }: NodeTls): string | undefined {
  try {
    const [certificate, key, authority] = [readFileSync(certPath), readFileSync(keyPath), readFileSync(caPath)];
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) return undefined;
    return createHash("sha256").update(certificate).update(authority).digest("hex");
  } catch {
    return undefined;
  }
}
