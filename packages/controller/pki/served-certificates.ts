/** The certificates that the service is known by: the built-in authority's, and a public one where the operator names a source. */
import type { Clock } from "@larder/service";
import { lifeOf } from "./certificate-rules.ts";
import type { CertificateSource } from "./certificate-source.ts";
import type { IssuedPair } from "./issue.ts";
import { PublicCertificate, type PublicCertificateOptions } from "./public-certificate.ts";

export interface ServedPairs {
  builtIn: IssuedPair;
  /** null: there is none, or not yet. */
  public: IssuedPair | null;
}

type Options = Omit<PublicCertificateOptions, "source" | "builtIn"> & {
  source: CertificateSource;
  builtIn: IssuedPair;
};

export class ServedCertificates {
  readonly #clock: Clock;
  readonly #public: PublicCertificate | null;
  #builtIn: IssuedPair;
  /** Of either. */
  onChanged: (pairs: ServedPairs) => void = () => {};

  constructor({ source, builtIn, ...options }: Options) {
    this.#clock = options.clock;
    this.#builtIn = builtIn;
    this.#public =
      source.kind === "built-in" ? null : new PublicCertificate({ ...options, source, builtIn: () => this.#builtIn });
  }

  /** Throws ConfigInvalid. */
  start(): void {
    if (this.#public === null) return;
    this.#public.start();
    this.#public.onChanged = () => this.onChanged(this.pairs);
  }

  async stop(): Promise<void> {
    await this.#public?.stop();
  }

  /** Whether clients come by the domain's names, of which the public certificate speaks. */
  get hasPublic(): boolean {
    return this.#public !== null;
  }

  get pairs(): ServedPairs {
    return { builtIn: this.#builtIn, public: this.#public?.pair ?? null };
  }

  renewed(builtIn: IssuedPair): void {
    this.#builtIn = builtIn;
    this.onChanged(this.pairs);
  }

  namesChanged(): void {
    this.#public?.namesChanged();
  }

  /** For the metrics. */
  samples(): [string, number][] {
    const { builtIn, public: outer } = this.pairs;
    const left = (pair: IssuedPair) => Math.round((lifeOf(pair.certificatePem).endsMs - this.#clock.nowMs()) / 1_000);
    return [
      [`larder_certificate_expires_seconds{certificate="built-in"}`, left(builtIn)],
      ...(outer === null
        ? []
        : [[`larder_certificate_expires_seconds{certificate="public"}`, left(outer)] as [string, number]]),
      ...(this.#public?.samples ?? []),
    ];
  }
}
