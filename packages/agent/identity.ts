/**
 * Who a host is that has joined: its id, what its operator last said of it, where its controller is, and the certificate by which each knows the other. One file,
 * whole or not there; the PEM files beside it are made from it, for engines, which read files.
 *
 *   identity.json     0600  all of it
 *   node.pem, node-key.pem, node-ca.pem   0600  for engines
 *   join-key.pem      0600  the key of a join that was not answered yet: it is asked again with the same
 *
 * The agent of the controller's own machine has none: it comes by the Unix socket.
 */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type HostIntroduction, LarderError } from "@larder/api";
import { type DoorTls, readJsonFile, writeFileAtomic } from "@larder/service";
import type { NodeTls } from "./engine/replication-settings.ts";

export interface HostIdentity extends HostIntroduction {
  controllerUrl: string;
  certificatePem: string;
  keyPem: string;
  /** The nodes' authority, which signed both the host's certificate and the controller's. */
  authorityPem: string;
}

export interface KeyPair {
  publicKeyPem: string;
  keyPem: string;
}

export class IdentityFolder {
  readonly #directory: string;

  constructor(dataDirectory: string) {
    this.#directory = join(dataDirectory, "identity");
  }

  /** undefined for a host that has not joined. Throws DataDirectoryUnusable. */
  read(): HostIdentity | undefined {
    try {
      return readJsonFile<HostIdentity>(this.#path("identity.json"));
    } catch (cause) {
      const text = `${this.#path("identity.json")} cannot be read. Put it back, or remove it and join anew.`;
      // The cause may quote the file, which has a key.
      throw new LarderError(
        "DataDirectoryUnusable",
        cause instanceof SyntaxError ? text : `${text} (${(cause as NodeJS.ErrnoException).code})`,
      );
    }
  }

  write(identity: HostIdentity): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    writeFileAtomic(this.#path("identity.json"), JSON.stringify(identity));
    writeFileAtomic(this.#path("node-key.pem"), identity.keyPem);
    writeFileAtomic(this.#path("node.pem"), identity.certificatePem);
    writeFileAtomic(this.#path("node-ca.pem"), identity.authorityPem);
    rmSync(this.#path("join-key.pem"), { force: true });
  }

  /** What engines read. */
  get nodeTls(): NodeTls {
    return { certPath: this.#path("node.pem"), keyPath: this.#path("node-key.pem"), caPath: this.#path("node-ca.pem") };
  }

  /** The same until an identity is written. */
  joinKey(): KeyPair {
    const path = this.#path("join-key.pem");
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    let keyPem = readText(path);
    if (keyPem === undefined) {
      ({ keyPem } = newKeyPair());
      writeFileAtomic(path, keyPem);
    }
    return { keyPem, publicKeyPem: publicKeyOf(keyPem) };
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

export function newKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { keyPem: privateKey, publicKeyPem: publicKey };
}

export function doorTlsOf({ authorityPem, certificatePem, keyPem }: HostIdentity): DoorTls {
  return { authority: authorityPem, own: { certificate: certificatePem, key: keyPem } };
}

function publicKeyOf(keyPem: string): string {
  return createPublicKey(keyPem).export({ type: "spki", format: "pem" }).toString();
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
