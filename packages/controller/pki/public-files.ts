/**
 * The files of the certificate by which the world knows the service:
 *
 *   public.pem      0644  what the gateway serves with, and the API for the names in it
 *   public-key.pem  0600
 *   trust.pem       0644  what clients on this machine trust: the built-in authority, the operator's, and the usual ones
 *
 * The key is written first. The gateway, which sees the files change, waits until they are a pair.
 */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { readTextFile, writeFileAtomic } from "@larder/service";
import { pairProblem } from "./certificate-rules.ts";
import type { IssuedPair } from "./issue.ts";

export class PublicFiles {
  readonly #directory: string;

  /** Where the built-in authority's files are, too. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Of an earlier start, where it can still be served and is not of the built-in authority. */
  read(nowMs: number): IssuedPair | null {
    const certificatePem = readTextFile(this.#path("public.pem"));
    const keyPem = readTextFile(this.#path("public-key.pem"));
    if (certificatePem === undefined || keyPem === undefined) return null;
    const pair = { certificatePem, keyPem };
    return pairProblem(pair, nowMs) === undefined && !this.#isBuiltIn(certificatePem) ? pair : null;
  }

  write({ certificatePem, keyPem }: IssuedPair): void {
    writeFileAtomic(this.#path("public-key.pem"), keyPem, 0o600);
    writeFileAtomic(this.#path("public.pem"), certificatePem, 0o644);
  }

  /** `extra`: further authorities, as PEM. */
  writeTrust(extra: string): void {
    const all = [this.#authority(), extra, ...rootCertificates].map((pem) => pem.trim()).filter((pem) => pem !== "");
    writeFileAtomic(this.#path("trust.pem"), `${all.join("\n")}\n`, 0o644);
  }

  #isBuiltIn(certificatePem: string): boolean {
    return new X509Certificate(certificatePem).verify(new X509Certificate(this.#authority()).publicKey);
  }

  #authority(): string {
    return readFileSync(this.#path("ca.pem"), "utf8");
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}
