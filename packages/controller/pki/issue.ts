/**
 * Makes certificates: an authority that signs itself, and those of servers and nodes, which it signs. EC P-256 throughout.
 *
 * Everything comes and goes as PEM. The certificate library is loaded at the first use, as an ordinary start issues
 * nothing and should not pay for it.
 */
import { createPublicKey } from "node:crypto";
import { LarderError } from "@larder/api";
import type { Randomness } from "@larder/service";

export interface IssuedPair {
  certificatePem: string;
  keyPem: string;
}

export interface Validity {
  notBefore: Date;
  notAfter: Date;
}

const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const serialBytes = 16;

async function loadX509() {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

export async function issueAuthority(validity: Validity, randomness: Randomness): Promise<IssuedPair> {
  const x509 = await loadX509();
  const keys = await newKeyPair();
  const serialNumber = newSerial(randomness);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name: [{ O: ["Larder"] }, { CN: [`Larder authority ${serialNumber.slice(0, 8)}`] }],
    ...validity,
    keys,
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: `${certificate.toString("pem")}\n`, keyPem: await exportKey(keys.privateKey) };
}

/** `names` are DNS names, wildcards and IP addresses; the first DNS name becomes the common name. */
export function issueServerCertificate(
  authority: IssuedPair,
  names: ServerNames,
  validity: Validity,
  randomness: Randomness,
): Promise<IssuedPair> {
  return issueCertificate(authority, { names, uses: ["serverAuth"] }, validity, randomness);
}

/** For the engines of a host, each of which is now server, now client of another. */
export function issueNodeCertificate(
  authority: IssuedPair,
  names: ServerNames,
  validity: Validity,
  randomness: Randomness,
): Promise<IssuedPair> {
  return issueCertificate(authority, { names, uses: ["serverAuth", "clientAuth"] }, validity, randomness);
}

/** For a host's own key, of which only the public half is known here. Its subject is the host's id. */
export function certifyHost(
  authority: IssuedPair,
  host: { hostId: string; address: string; publicKey: CryptoKey },
  validity: Validity,
  randomness: Randomness,
): Promise<string> {
  const names = { dns: [host.hostId], ip: [host.address] };
  return certify(
    authority,
    { names, uses: ["serverAuth", "clientAuth"], publicKey: host.publicKey },
    validity,
    randomness,
  );
}

/** Throws InvalidParameter unless it is one of EC P-256. */
export async function parsePublicKey(pem: string): Promise<CryptoKey> {
  try {
    const key = createPublicKey({ key: pem, format: "pem", type: "spki" });
    const der = key.export({ format: "der", type: "spki" });
    return await crypto.subtle.importKey("spki", new Uint8Array(der), keyAlgorithm, true, ["verify"]);
  } catch (cause) {
    const text = "'publicKeyPem' must be a public key of EC P-256.";
    throw new LarderError("InvalidParameter", text, { target: "publicKeyPem", cause });
  }
}

async function issueCertificate(
  authority: IssuedPair,
  wanted: Omit<Wanted, "publicKey">,
  validity: Validity,
  randomness: Randomness,
): Promise<IssuedPair> {
  const keys = await newKeyPair();
  const certificatePem = await certify(authority, { ...wanted, publicKey: keys.publicKey }, validity, randomness);
  return { certificatePem, keyPem: await exportKey(keys.privateKey) };
}

interface Wanted {
  names: ServerNames;
  uses: ("serverAuth" | "clientAuth")[];
  publicKey: CryptoKey;
}

async function certify(
  authority: IssuedPair,
  { names, uses, publicKey }: Wanted,
  validity: Validity,
  randomness: Randomness,
): Promise<string> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(randomness),
    subject: [{ O: ["Larder"] }, { CN: [names.dns[0] ?? "larder"] }],
    issuer: issuer.subjectName,
    ...validity,
    publicKey,
    signingKey: await importKey(authority.keyPem),
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(uses.map((use) => x509.ExtendedKeyUsage[use])),
      new x509.SubjectAlternativeNameExtension([
        ...names.dns.map((value) => ({ type: "dns" as const, value })),
        ...names.ip.map((value) => ({ type: "ip" as const, value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

export interface ServerNames {
  dns: string[];
  ip: string[];
}

function newKeyPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

/** Positive, as RFC 5280 asks: the highest bit is clear and the number is not zero. */
function newSerial(randomness: Randomness): string {
  const bytes = randomness.bytes(serialBytes);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function exportKey(key: CryptoKey): Promise<string> {
  const base64 = Buffer.from(await crypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${base64.match(/.{1,64}/g)?.join("\n")}\n-----END PRIVATE KEY-----\n`;
}

function importKey(pem: string): Promise<CryptoKey> {
  const base64 = pem.replace(/-----[^-]+-----|\s/g, "");
  return crypto.subtle.importKey("pkcs8", Buffer.from(base64, "base64"), keyAlgorithm, false, ["sign"]);
}
