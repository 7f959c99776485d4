/**
 * The certificates of the API and the caches, and the names that they are for: the machine's, the domain's, and those of each location
 * that has a cluster. Host names of clusters' databases have the location in them, which no other name covers.
 */
import { join } from "node:path";
import type { Clock, Log, Randomness } from "@larder/service";
import { locationLabel } from "../documents/cache-document.ts";
import { clustersPrefix } from "../documents/document-keys.ts";
import type { ClusterDocument } from "../documents/enterprise-document.ts";
import type { Store } from "../store/store.ts";
import type { CertificateSource } from "./certificate-source.ts";
import type { IssuedPair } from "./issue.ts";
import { ensurePki } from "./pki-directory.ts";
import { keepRenewing } from "./renewal.ts";
import { ServedCertificates } from "./served-certificates.ts";
import { serverNames } from "./server-names.ts";

export interface ServiceCertificatesOptions {
  /** Of the controller: the files are in its folder `pki`. */
  dataDirectory: string;
  domain: string;
  host: string;
  certificateSource: CertificateSource;
  certificateCaPath: string | undefined;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

export class ServiceCertificates {
  readonly served: ServedCertificates;
  /** As it was at the start. */
  readonly builtIn: IssuedPair;
  readonly #options: ServiceCertificatesOptions;
  /** As parts of host names. */
  readonly #locations: Set<string>;

  private constructor(options: ServiceCertificatesOptions, locations: Set<string>, builtIn: IssuedPair) {
    const { dataDirectory, certificateSource: source, certificateCaPath: caPath } = options;
    this.#options = options;
    this.#locations = locations;
    this.builtIn = builtIn;
    this.served = new ServedCertificates({
      ...options,
      source,
      caPath,
      builtIn,
      directory: join(dataDirectory, "pki"),
      locations: () => [...locations],
    });
  }

  /** Makes the built-in authority and its certificate where there are none. Nothing runs yet. */
  static async prepare(store: Store, options: ServiceCertificatesOptions): Promise<ServiceCertificates> {
    const { documents } = await store.list<ClusterDocument>(clustersPrefix);
    const locations = new Set(documents.map(({ value }) => locationLabel(value.location)));
    return new ServiceCertificates(options, locations, await ensureBuiltIn(options, locations));
  }

  /** Throws ConfigInvalid. */
  start(): void {
    this.served.start();
  }

  stop(): Promise<void> {
    return this.served.stop();
  }

  /** Gateways see the file change; nobody calls the API by such a name. */
  async coverLocation(location: string): Promise<void> {
    const label = locationLabel(location);
    if (this.#locations.has(label)) return;
    this.#locations.add(label);
    await ensureBuiltIn(this.#options, this.#locations);
    this.served.namesChanged();
  }

  /** Renews the built-in certificate until the signal aborts. */
  async keepRenewing({ signal, onRenewed }: { signal: AbortSignal; onRenewed(pair: IssuedPair): void }): Promise<void> {
    const { clock, log } = this.#options;
    await keepRenewing({
      current: this.builtIn,
      ensure: () => ensureBuiltIn(this.#options, this.#locations),
      onRenewed: (pair) => {
        this.served.renewed(pair);
        onRenewed(pair);
      },
      clock,
      log,
      signal,
    });
  }
}

async function ensureBuiltIn(
  { dataDirectory, domain, host, clock, randomness }: ServiceCertificatesOptions,
  locations: ReadonlySet<string>,
): Promise<IssuedPair> {
  const names = serverNames({ domain, host, locations: [...locations] });
  const files = await ensurePki({ directory: join(dataDirectory, "pki"), names, clock, randomness });
  return files.server;
}
