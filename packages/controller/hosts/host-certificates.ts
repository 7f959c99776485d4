/** Certificates of hosts, by the nodes' authority: made for a host's own key, and recognised when its agent comes with one. */
import { createHash, X509Certificate } from "node:crypto";
import { LarderError } from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import type { HostCertificate, HostDocument } from "../documents/host-document.ts";
import { certifyHost, type IssuedPair, parsePublicKey } from "../pki/issue.ts";
import { certificateValidity } from "../pki/pki-directory.ts";
import type { Hosts } from "./hosts.ts";

export interface HostCertificatesOptions {
  /** Of the nodes. */
  authority: IssuedPair;
  hosts: Hosts;
  clock: Clock;
  randomness: Randomness;
}

export class HostCertificates {
  readonly #options: HostCertificatesOptions;

  constructor(options: HostCertificatesOptions) {
    this.#options = options;
  }

  get authorityPem(): string {
    return this.#options.authority.certificatePem;
  }

  /** By which an agent knows the authority: the SHA-256 of its DER. */
  get pin(): Buffer {
    return createHash("sha256").update(new X509Certificate(this.authorityPem).raw).digest();
  }

  /** Throws InvalidParameter. */
  async certify(host: {
    hostId: string;
    address: string;
    publicKeyPem: string;
  }): Promise<{ certificatePem: string; certificate: HostCertificate }> {
    const { authority, clock, randomness } = this.#options;
    const publicKey = await parsePublicKey(host.publicKeyPem);
    const validity = certificateValidity(clock.nowMs());
    const certificatePem = await certifyHost(authority, { ...host, publicKey }, validity, randomness);
    const { raw } = new X509Certificate(certificatePem);
    return {
      certificatePem,
      certificate: { fingerprint: fingerprintOf(raw), notAfterMs: validity.notAfter.getTime() },
    };
  }

  async renew(hostId: string, publicKeyPem: string): Promise<string> {
    const { hosts } = this.#options;
    const { address } = await hosts.require(hostId);
    const { certificatePem, certificate } = await this.certify({ hostId, address, publicKeyPem });
    await hosts.addCertificate(hostId, certificate);
    return certificatePem;
  }

  /**
   * Whose the certificate of a caller is, which the authority has signed. Throws HostRemoved, and AuthorizationFailed for
   * one that is not a host's or not among its newest.
   */
  async hostOf(certificate: { commonName: string; der: Uint8Array }): Promise<HostDocument> {
    const { hosts, clock } = this.#options;
    await hosts.requireNotRemoved(certificate.commonName);
    const host = await hosts.find(certificate.commonName);
    const fingerprint = fingerprintOf(certificate.der);
    const known = host?.certificates.find((one) => one.fingerprint === fingerprint);
    if (host !== undefined && known !== undefined && clock.nowMs() < known.notAfterMs) return host;
    const text = "The certificate is not that of a host of this service, was replaced, or has ended.";
    throw new LarderError("AuthorizationFailed", text);
  }
}

function fingerprintOf(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("hex");
}
