/**
 * Where the certificate comes from by which the world knows the management API and the caches. The built-in authority's own is there
 * in any case: this machine's commands use it, by `localhost`.
 */
import { LarderError } from "@larder/api";

export type CertificateSource =
  | { kind: "built-in" }
  /** PEM files that somebody else looks after. */
  | { kind: "files"; certPath: string; keyPath: string }
  | AcmeSource;

export interface AcmeSource {
  kind: "acme";
  directoryUrl: string;
  /** For notices of the directory's owner: "mailto:ops@example.com". */
  contact: string | null;
  /** By which the directory knows whose customer the account is (RFC 8555, section 7.3.4); null: it asks for none. */
  externalAccount: ExternalAccount | null;
  challenge: AcmeChallenge;
  /** None: the domain's own, with wildcards. */
  names: readonly string[];
}

export interface ExternalAccount {
  keyId: string;
  /** Of the file with the key, in base64. */
  keyPath: string;
}

export type AcmeChallenge =
  /** Served on this port while an order is under way. The directory asks on port 80. */
  | { kind: "http-01"; port: number }
  /** `HOOK add|remove NAME VALUE` puts a TXT record into the DNS and takes it out; it returns when that is seen. */
  | { kind: "dns-01"; hookPath: string };

/** Of the configuration, each as its option has it; a port of 0 is none. */
export interface CertificateSettings {
  certFile: string | undefined;
  keyFile: string | undefined;
  acmeDirectory: string | undefined;
  acmeContact: string | undefined;
  acmeEabKeyId: string | undefined;
  acmeEabKeyFile: string | undefined;
  acmeHttpPort: number;
  acmeDnsHook: string | undefined;
  acmeNames: readonly string[];
}

/** Throws ConfigInvalid for what does not go together. */
export function certificateSourceOf(settings: CertificateSettings): CertificateSource {
  const { certFile, keyFile, acmeDirectory: directoryUrl, acmeContact, acmeNames: names } = settings;
  if ((certFile === undefined) !== (keyFile === undefined)) throw invalid("--cert-file and --key-file go together.");
  if (directoryUrl === undefined) {
    if (hasAcmeSetting(settings)) throw invalid("--acme-… options mean something only with --acme-directory.");
    return certFile === undefined || keyFile === undefined
      ? { kind: "built-in" }
      : { kind: "files", certPath: certFile, keyPath: keyFile };
  }
  if (certFile !== undefined)
    throw invalid("Certificates come from --cert-file or from --acme-directory, not from both.");
  if (!URL.canParse(directoryUrl) || new URL(directoryUrl).protocol !== "https:")
    throw invalid(`--acme-directory must be an https URL, not "${directoryUrl}".`);
  const challenge = challengeOf(settings);
  if (challenge.kind === "http-01" && (names.length === 0 || names.some((name) => name.startsWith("*"))))
    throw invalid(
      "By --acme-http-port no wildcard can be had: name each host with --acme-name, or use --acme-dns-hook.",
    );
  const externalAccount = externalAccountOf(settings);
  return { kind: "acme", directoryUrl, contact: contactOf(acmeContact), externalAccount, challenge, names };
}

function challengeOf({ acmeHttpPort: port, acmeDnsHook: hookPath }: CertificateSettings): AcmeChallenge {
  if (port === 0 && hookPath !== undefined) return { kind: "dns-01", hookPath };
  if (port !== 0 && hookPath === undefined) return { kind: "http-01", port };
  throw invalid("--acme-directory needs one of --acme-http-port and --acme-dns-hook, to prove whose the names are.");
}

function contactOf(given: string | undefined): string | null {
  if (given === undefined) return null;
  return given.includes(":") ? given : `mailto:${given}`;
}

function externalAccountOf({ acmeEabKeyId: keyId, acmeEabKeyFile: keyPath }: CertificateSettings) {
  if (keyId === undefined && keyPath === undefined) return null;
  if (keyId === undefined || keyPath === undefined)
    throw invalid("--acme-eab-key-id and --acme-eab-key-file go together.");
  return { keyId, keyPath };
}

function hasAcmeSetting({ acmeHttpPort, acmeNames, ...settings }: CertificateSettings): boolean {
  const { acmeContact, acmeEabKeyId, acmeEabKeyFile, acmeDnsHook } = settings;
  const isGiven = [acmeContact, acmeEabKeyId, acmeEabKeyFile, acmeDnsHook].some((each) => each !== undefined);
  return isGiven || acmeHttpPort !== 0 || acmeNames.length > 0;
}

/** For all caches, of whatever cluster, and for the API at the domain itself. */
export function acmeNames(source: AcmeSource, domain: string, locations: readonly string[]): string[] {
  if (source.names.length > 0) return [...source.names];
  return [domain, `*.${domain}`, ...locations.map((location) => `*.${location}.${domain}`)];
}

function invalid(text: string): LarderError {
  return new LarderError("ConfigInvalid", text);
}
