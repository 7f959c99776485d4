/**
 * The directory with the certificate authority and the server certificate:
 *
 *   ca.pem          0644  what clients trust
 *   ca-key.pem      0600
 *   server.pem      0644  serves the management API and every cache
 *   server-key.pem  0600
 *
 * A key is written before its certificate, each file whole or not at all. A crash in between leaves a key without a
 * certificate, or a server certificate that does not fit its key: the next start sees either and issues anew. An
 * authority whose certificate exists is never replaced, as clients trust it.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LarderError } from "@larder/api";
import { type Clock, type Randomness, writeFileAtomic } from "@larder/service";
import { type IssuedPair, issueAuthority, issueServerCertificate, type ServerNames, type Validity } from "./issue.ts";

const dayMs = 86_400_000;
const authorityDays = 7_300;
/** Browsers and Apple's verifiers refuse much longer ones. */
const serverDays = 397;
const renewBeforeDays = 45;
/** Clients with a slow clock still see a certificate that has begun. */
const backdateMs = 3_600_000;

export interface PkiFiles {
  caPath: string;
  serverCertificatePath: string;
  serverKeyPath: string;
  server: IssuedPair;
}

/** Makes what is missing, mends what a crash left, and renews what is due. Idempotent. */
export async function ensurePki(options: {
  directory: string;
  names: ServerNames;
  clock: Clock;
  randomness: Randomness;
}): Promise<PkiFiles> {
  const { directory, names, clock, randomness } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const paths = {
    ca: join(directory, "ca.pem"),
    caKey: join(directory, "ca-key.pem"),
    server: join(directory, "server.pem"),
    serverKey: join(directory, "server-key.pem"),
  };
  const nowMs = clock.nowMs();
  const found = readAuthority(paths.ca, paths.caKey);
  const authority = found ?? (await issueAuthority(validity(nowMs, authorityDays), randomness));
  if (found === undefined) writePair(authority, { certificate: paths.ca, key: paths.caKey });

  const current = readPair(paths.server, paths.serverKey);
  const keep = current !== undefined && serverCertificateServes(current, authority, names, nowMs);
  const server = keep
    ? current
    : await issueServerCertificate(authority, names, validity(nowMs, serverDays), randomness);
  if (!keep) writePair(server, { certificate: paths.server, key: paths.serverKey });
  return { caPath: paths.ca, serverCertificatePath: paths.server, serverKeyPath: paths.serverKey, server };
}

function validity(nowMs: number, days: number): Validity {
  return { notBefore: new Date(nowMs - backdateMs), notAfter: new Date(nowMs + days * dayMs) };
}

function writePair(pair: IssuedPair, paths: { certificate: string; key: string }): void {
  writeFileAtomic(paths.key, pair.keyPem, 0o600);
  writeFileAtomic(paths.certificate, pair.certificatePem, 0o644);
}

/** undefined before the first start, and where that was interrupted. */
function readAuthority(certificatePath: string, keyPath: string): IssuedPair | undefined {
  const certificatePem = readText(certificatePath);
  if (certificatePem === undefined) return undefined;
  const keyPem = readText(keyPath);
  if (keyPem !== undefined && fits(certificatePem, keyPem)) return { certificatePem, keyPem };
  throw new LarderError(
    "DataDirectoryUnusable",
    `The key ${keyPath} is missing or does not belong to ${certificatePath}. Put it back, or remove ${certificatePath} to make a new authority, which every client must then be given.`,
  );
}

function readPair(certificatePath: string, keyPath: string): IssuedPair | undefined {
  const certificatePem = readText(certificatePath);
  const keyPem = readText(keyPath);
  return certificatePem === undefined || keyPem === undefined ? undefined : { certificatePem, keyPem };
}

function serverCertificateServes(pair: IssuedPair, authority: IssuedPair, names: ServerNames, nowMs: number): boolean {
  if (!fits(pair.certificatePem, pair.keyPem)) return false;
  const certificate = new X509Certificate(pair.certificatePem);
  const issuer = new X509Certificate(authority.certificatePem);
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return false;
  if (Date.parse(certificate.validTo) - nowMs < renewBeforeDays * dayMs) return false;
  return sameNames(certificate.subjectAltName ?? "", names);
}

function sameNames(subjectAltName: string, names: ServerNames): boolean {
  const found = subjectAltName.split(", ").map((entry) => entry.replace(/^(DNS|IP Address):/, ""));
  const wanted = [...names.dns, ...names.ip].map(canonicalName);
  return found.map(canonicalName).sort().join() === wanted.sort().join();
}

/** An IPv6 address is printed in full by some libraries and short by others. */
function canonicalName(name: string): string {
  return name.includes(":") ? new URL(`http://[${name}]`).hostname : name.toLowerCase();
}

function fits(certificatePem: string, keyPem: string): boolean {
  try {
    return new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
