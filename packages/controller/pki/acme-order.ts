/**
 * Gets one certificate from an ACME directory (RFC 8555). The account's key is made at the first order and kept; each certificate has
 * a new key.
 */
import { Agent } from "node:https";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { readTextFile, writeFileAtomic } from "@larder/service";
import type { Prover } from "./acme-challenges.ts";
import type { AcmeSource } from "./certificate-source.ts";
import { externalAccountBinding } from "./external-account.ts";
import type { IssuedPair } from "./issue.ts";

/** How often and how fast it is asked whether an order is done. */
const pollAttempts = 20;
const pollMinMs = 500;
const pollMaxMs = 15_000;

export interface AcmeOrderOptions {
  source: AcmeSource;
  /** With the account's key. */
  directory: string;
  names: readonly string[];
  prover: Prover;
  /** Authorities (PEM) that the directory's own certificate may be of, besides the usual ones. */
  extraCa: string;
}

/** Throws an Error whose message has the directory's reason. */
export async function orderCertificate(options: AcmeOrderOptions): Promise<IssuedPair> {
  const { source, names, prover, extraCa } = options;
  const { externalAccount } = source;
  // Slow to load, and few services need it.
  const { default: acme } = await import("acme-client");
  acme.axios.defaults.httpsAgent = new Agent({ ca: [...rootCertificates, extraCa] });
  const client = new acme.Client({
    directoryUrl: source.directoryUrl,
    accountKey: await ensureAccountKey(options.directory, () => acme.crypto.createPrivateEcdsaKey()),
    ...(externalAccount === null ? {} : { externalAccountBinding: externalAccountBinding(externalAccount) }),
    backoffAttempts: pollAttempts,
    backoffMin: pollMinMs,
    backoffMax: pollMaxMs,
  });
  await client.createAccount({
    termsOfServiceAgreed: true,
    ...(source.contact === null ? {} : { contact: [source.contact] }),
  });
  const key = await acme.crypto.createPrivateEcdsaKey();
  const [, csr] = await acme.crypto.createCsr({ commonName: names[0] ?? "", altNames: [...names] }, key);
  const certificatePem = await client.auto({
    csr,
    challengePriority: [prover.kind],
    // From here the names may lead elsewhere than from outside: the directory's look is what counts.
    skipChallengeVerification: true,
    challengeCreateFn: ({ identifier }, { token }, answer) => prover.show({ name: identifier.value, token, answer }),
    challengeRemoveFn: ({ identifier }, { token }, answer) => prover.hide({ name: identifier.value, token, answer }),
  });
  return { certificatePem, keyPem: key.toString() };
}

async function ensureAccountKey(directory: string, make: () => Promise<Buffer>): Promise<string> {
  const path = join(directory, "acme-account-key.pem");
  const found = readTextFile(path);
  if (found !== undefined) return found;
  const made = (await make()).toString();
  writeFileAtomic(path, made);
  return made;
}
