/**
 * The directory with two certificate authorities and what each signed:
 *
 *   ca.pem          0644  what clients trust
 *   ca-key.pem      0600
 *   server.pem      0644  serves the management API and every cache
 *   server-key.pem  0600
 *   node-ca.pem     0644  what the engines of caches with replicas trust: nobody else has a certificate of it
 *   node-ca-key.pem 0600
 *   node.pem        0644  by which those engines know each other
 *   node-key.pem    0600
 *   door.pem        0644  where there is a door for agents of other machines: by which they know the controller
 *   door-key.pem    0600
 *
 * A key is written before its certificate, each file whole or not at all. A crash in between leaves a key without a
 * certificate, or a certificate that does not fit its key: the next start sees either and issues anew. An
 * authority whose certificate exists is never replaced, as clients trust it.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { agentDoorName, LarderError } from "@larder/api";
import { type Clock, type Randomness, writeFileAtomic } from "@larder/service";
import {
  type IssuedPair,
  issueAuthority,
  issueNodeCertificate,
  issueServerCertificate,
  type ServerNames,
  type Validity,
} from "./issue.ts";

const dayMs = 86_400_000;
const authorityDays = 7_300;
/** Browsers and Apple's verifiers refuse much longer ones. */
const certificateDays = 397;
const renewBeforeDays = 45;
/** Clients with a slow clock still see a certificate that has begun. */
const backdateMs = 3_600_000;
/** Of no host: nobody asks for it. */
const nodeNames: ServerNames = { dns: ["node.larder.internal"], ip: [] };

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
  const at: Place = { directory, nowMs: clock.nowMs(), randomness };
  const authority = await ensureAuthority("ca", at);
  const server = await ensureSigned("server", { authority, names, issue: issueServerCertificate }, at);
  const nodeAuthority = await ensureAuthority("node-ca", at);
  await ensureSigned("node", { authority: nodeAuthority, names: nodeNames, issue: issueNodeCertificate }, at);
  const { certificate, key } = pathsOf("server", directory);
  return {
    caPath: pathsOf("ca", directory).certificate,
    serverCertificatePath: certificate,
    serverKeyPath: key,
    server,
  };
}

/** The nodes' authority, and what it signed for the controller's door. As idempotent as `ensurePki`. */
export async function ensureDoorPki(options: {
  directory: string;
  clock: Clock;
  randomness: Randomness;
}): Promise<{ authority: IssuedPair; door: IssuedPair }> {
  const at: Place = { ...options, nowMs: options.clock.nowMs() };
  const authority = await ensureAuthority("node-ca", at);
  const names: ServerNames = { dns: [agentDoorName], ip: [] };
  return { authority, door: await ensureSigned("door", { authority, names, issue: issueServerCertificate }, at) };
}

interface Place {
  directory: string;
  nowMs: number;
  randomness: Randomness;
}

interface PairPaths {
  certificate: string;
  key: string;
}

function pathsOf(name: string, directory: string): PairPaths {
  return { certificate: join(directory, `${name}.pem`), key: join(directory, `${name}-key.pem`) };
}

async function ensureAuthority(name: string, { directory, nowMs, randomness }: Place): Promise<IssuedPair> {
  const paths = pathsOf(name, directory);
  const found = readAuthority(paths.certificate, paths.key);
  if (found !== undefined) return found;
  const authority = await issueAuthority(validity(nowMs, authorityDays), randomness);
  writePair(authority, paths);
  return authority;
}

async function ensureSigned(
  name: string,
  by: { authority: IssuedPair; names: ServerNames; issue: typeof issueServerCertificate },
  { directory, nowMs, randomness }: Place,
): Promise<IssuedPair> {
  const { authority, names, issue } = by;
  const paths = pathsOf(name, directory);
  const current = readPair(paths.certificate, paths.key);
  if (current !== undefined && serves(current, authority, names, nowMs)) return current;
  const issued = await issue(authority, names, certificateValidity(nowMs), randomness);
  writePair(issued, paths);
  return issued;
}

/** How long everything but an authority is good for. */
export function certificateValidity(nowMs: number): Validity {
  return validity(nowMs, certificateDays);
}

function validity(nowMs: number, days: number): Validity {
  return { notBefore: new Date(nowMs - backdateMs), notAfter: new Date(nowMs + days * dayMs) };
}

function writePair(pair: IssuedPair, paths: PairPaths): void {
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

function serves(pair: IssuedPair, authority: IssuedPair, names: ServerNames, nowMs: number): boolean {
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
