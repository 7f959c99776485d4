/** The options of `larder up` that say where the certificate of API and caches comes from. */
import { resolve } from "node:path";

/** By the controller's flags; only what was given. */
export type CertificateOptions = Record<string, string | string[]>;

export interface CertificateArguments {
  domain?: string;
  certFile?: string;
  keyFile?: string;
  caFile?: string;
  acmeDirectory?: string;
  acmeContact?: string;
  acmeEabKeyId?: string;
  acmeEabKeyFile?: string;
  acmeHttpPort?: string;
  acmeDnsHook?: string;
  acmeName?: string | string[];
}

const domainPattern = /^(?=.{1,200}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** What goes together the controller decides; here only what it cannot know. */
export function parseCertificate(given: CertificateArguments, problems: string[]): CertificateOptions {
  const { domain, acmeName } = given;
  if (domain !== undefined && !domainPattern.test(domain))
    problems.push(`--domain must be a domain in lower case, such as cache.example.com, not "${domain}"`);
  const names = [acmeName ?? []].flat().flatMap((text) => text.split(/\s+/).filter((each) => each !== ""));
  const options = Object.entries({
    "cert-file": path(given.certFile),
    "key-file": path(given.keyFile),
    "ca-file": path(given.caFile),
    "acme-directory": given.acmeDirectory,
    "acme-contact": given.acmeContact,
    "acme-eab-key-id": given.acmeEabKeyId,
    "acme-eab-key-file": path(given.acmeEabKeyFile),
    "acme-http-port": given.acmeHttpPort,
    "acme-dns-hook": path(given.acmeDnsHook),
    "acme-name": names.length === 0 ? undefined : names,
  }).flatMap(([flag, value]): [string, string | string[]][] => (value === undefined ? [] : [[flag, value]]));
  if (options.length > 0 && domain === undefined)
    problems.push(`--${options[0]?.[0]} needs --domain: the one that the certificate is for`);
  return Object.fromEntries(options);
}

/** Whether anything but the built-in authority's certificate is served. */
export function hasPublicCertificate(options: CertificateOptions): boolean {
  return "cert-file" in options || "acme-directory" in options;
}

function path(given: string | undefined): string | undefined {
  return given === undefined ? undefined : resolve(given);
}
