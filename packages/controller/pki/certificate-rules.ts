/** When a certificate can be served, when it is renewed, and when its owner is warned. Pure. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { IssuedPair } from "./issue.ts";

const dayMs = 86_400_000;
/** Of its life, that is left when it is renewed. */
const renewWithLeft = 1 / 3;
/** Of its life, by which it may be renewed earlier, so that not all services ask at once. */
const renewJitter = 1 / 20;
/** When nobody has renewed a certificate, its owner is told this long before its end; of a short-lived one in its last tenth. */
const warnBeforeMs = 14 * dayMs;
const warnWithLeft = 1 / 10;

export interface Life {
  beginsMs: number;
  endsMs: number;
}

/** Of the first certificate in the text. Throws where there is none. */
export function lifeOf(certificatePem: string): Life {
  const { validFrom, validTo } = new X509Certificate(certificatePem);
  return { beginsMs: Date.parse(validFrom), endsMs: Date.parse(validTo) };
}

/** Why it cannot be served, as a clause; undefined: it can. */
export function pairProblem({ certificatePem, keyPem }: IssuedPair, nowMs: number): string | undefined {
  const certificate = parsed(() => new X509Certificate(certificatePem));
  if (certificate === undefined) return "the certificate is no PEM of a certificate";
  const key = parsed(() => createPrivateKey(keyPem));
  if (key === undefined) return "the key is no PEM of a private key without a password";
  if (!certificate.checkPrivateKey(key)) return "the private key does not belong to the certificate";
  const { beginsMs, endsMs } = lifeOf(certificatePem);
  if (endsMs <= nowMs) return `the certificate has expired (${new Date(endsMs).toISOString()})`;
  if (beginsMs > nowMs) return `the certificate is not good before ${new Date(beginsMs).toISOString()}`;
  return undefined;
}

/** `fraction`: from 0 to 1, by chance. */
export function renewAtMs({ beginsMs, endsMs }: Life, fraction: number): number {
  const lifeMs = endsMs - beginsMs;
  return endsMs - lifeMs * (renewWithLeft + renewJitter * fraction);
}

export function isNearEnd({ beginsMs, endsMs }: Life, nowMs: number): boolean {
  return endsMs - nowMs < Math.min(warnBeforeMs, (endsMs - beginsMs) * warnWithLeft);
}

/** In lower case; addresses are not among them. */
export function dnsNamesOf(certificatePem: string): string[] {
  const names = new X509Certificate(certificatePem).subjectAltName ?? "";
  return names.split(", ").flatMap((entry) => (entry.startsWith("DNS:") ? [entry.slice(4).toLowerCase()] : []));
}

/** Whether each of the names is in the certificate, as it is written. */
export function hasNames(certificatePem: string, names: readonly string[]): boolean {
  const found = new Set(dnsNamesOf(certificatePem));
  return names.every((name) => found.has(name.toLowerCase()));
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
