/**
 * The certificate by which the world knows the service, where it is not the built-in authority's own. Only what can be served gets
 * into its files (public-files.ts): what the operator names, or what an ACME directory issues, is looked at first, and what is refused
 * changes nothing. Before the first of a directory the files hold the built-in pair.
 *
 * A directory that is away costs nothing as long as the certificate lasts: it is asked again and again, more and more seldom.
 */
import { readFileSync } from "node:fs";
import { LarderError } from "@larder/api";
import { backoffMs, CertificateWatch, type Clock, type Log, type Randomness } from "@larder/service";
import { type Prover, proverOf } from "./acme-challenges.ts";
import { orderCertificate } from "./acme-order.ts";
import { hasNames, isNearEnd, lifeOf, pairProblem, renewAtMs } from "./certificate-rules.ts";
import { type AcmeSource, acmeNames, type CertificateSource } from "./certificate-source.ts";
import { externalAccountBinding } from "./external-account.ts";
import type { IssuedPair } from "./issue.ts";
import { PublicFiles } from "./public-files.ts";

const retry = { firstMs: 60_000, maxMs: 6 * 3_600_000 };
/** The longest between two looks, as clocks jump and machines sleep. */
const lookEveryMs = 3_600_000;
const warnEveryMs = 24 * 3_600_000;

export interface PublicCertificateOptions {
  source: Exclude<CertificateSource, { kind: "built-in" }>;
  /** Of the built-in authority's files, and of these. */
  directory: string;
  /** Of authorities that this machine does not know of itself; undefined: none. */
  caPath: string | undefined;
  builtIn(): IssuedPair;
  domain: string;
  /** Of clusters, as host names have them. */
  locations(): string[];
  /** Where challenges are answered. */
  host: string;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

export class PublicCertificate {
  readonly #options: PublicCertificateOptions;
  readonly #stopping = new AbortController();
  readonly #counts = { changed: 0, refused: 0, renewalsFailed: 0 };
  readonly #files: PublicFiles;
  #pair: IssuedPair | null = null;
  /** By chance, for each certificate anew. */
  #renewalFraction: number;
  #watch: CertificateWatch | undefined;
  #prover: Prover | undefined;
  /** Ends the wait for the next renewal. */
  #wake = new AbortController();
  #problem = false;
  #warnedMs = Number.NEGATIVE_INFINITY;
  onChanged: (pair: IssuedPair) => void = () => {};

  constructor(options: PublicCertificateOptions) {
    this.#options = options;
    this.#files = new PublicFiles(options.directory);
    this.#renewalFraction = options.randomness.fraction();
  }

  /** null while there is only the built-in one. */
  get pair(): IssuedPair | null {
    return this.#pair;
  }

  /** Throws ConfigInvalid where the files cannot be served, and no earlier ones are kept. */
  start(): void {
    const { source, builtIn, clock } = this.#options;
    this.#files.writeTrust(this.#extraCa());
    if (source.kind === "acme" && source.externalAccount !== null) externalAccountBinding(source.externalAccount);
    this.#pair = this.#files.read(clock.nowMs());
    if (this.#pair === null) this.#files.write(builtIn());
    if (source.kind === "files") this.#followFiles(source);
    else void this.#keepRenewing(source);
    void this.#keepWarning();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.abort();
    this.#watch?.stop();
    await this.#prover?.stop();
  }

  /** The names that are wanted have changed. */
  namesChanged(): void {
    this.#wake.abort();
  }

  get samples(): [string, number][] {
    const { changed, refused, renewalsFailed } = this.#counts;
    return [
      ["larder_certificate_changes_total", changed],
      ["larder_certificate_refused_total", refused],
      ["larder_certificate_renewals_failed_total", renewalsFailed],
      ["larder_certificate_problem", Number(this.#problem)],
    ];
  }

  // ── files ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #followFiles({ certPath, keyPath }: { certPath: string; keyPath: string }): void {
    const { clock, log } = this.#options;
    const count = (what: "used" | "refused") => {
      this.#problem = what === "refused";
      if (what === "refused") this.#counts.refused++;
    };
    const watch = new CertificateWatch({ certPath, keyPath, clock, log, count });
    const use = ({ cert, key }: { cert: string; key: string }) => this.#use({ certificatePem: cert, keyPem: key });
    try {
      use(watch.read());
    } catch (error) {
      const text = `--cert-file and --key-file cannot be used: ${(error as Error).message}.`;
      if (this.#pair === null) throw new LarderError("ConfigInvalid", text, { cause: error });
      count("refused");
      log.error({ err: error }, "certificate cannot be used; the one before stays in use");
    }
    this.#watch = watch;
    watch.start(use);
  }

  /** Throws where it cannot be served. */
  #use(pair: IssuedPair): void {
    const { clock, randomness, log } = this.#options;
    const problem = pairProblem(pair, clock.nowMs());
    if (problem !== undefined) throw new Error(problem);
    const isNew = pair.certificatePem !== this.#pair?.certificatePem || pair.keyPem !== this.#pair.keyPem;
    this.#problem = false;
    if (!isNew) return;
    this.#files.write(pair);
    this.#pair = pair;
    this.#renewalFraction = randomness.fraction();
    this.#counts.changed++;
    log.info({ expiresAt: new Date(lifeOf(pair.certificatePem).endsMs).toISOString() }, "certificate in use");
    this.#warnedMs = Number.NEGATIVE_INFINITY;
    this.#warnNearEnd();
    this.onChanged(pair);
  }

  // ── ACME ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #keepRenewing(source: AcmeSource): Promise<void> {
    const { clock, randomness, host, log } = this.#options;
    const { signal } = this.#stopping;
    const prover = proverOf(source.challenge, host);
    this.#prover = prover;
    for (let failures = 0; !signal.aborted; ) {
      if (this.#isDue(source))
        try {
          this.#use(await this.#order(source, prover));
          failures = 0;
        } catch (error) {
          if (signal.aborted) return;
          this.#counts.renewalsFailed++;
          this.#problem = true;
          // The message alone: what HTTP clients hang on their errors is whole requests.
          log.error(
            { reason: (error as Error).message },
            "no certificate from the ACME directory; the one before stays in use",
          );
          await clock.sleep(backoffMs(failures++, retry, randomness), signal);
          continue;
        }
      this.#wake = new AbortController();
      await clock.sleep(this.#untilRenewalMs(), AbortSignal.any([signal, this.#wake.signal]));
    }
  }

  #order(source: AcmeSource, prover: Prover): Promise<IssuedPair> {
    const { directory, builtIn } = this.#options;
    // It may have been renewed since.
    if (this.#pair === null) this.#files.write(builtIn());
    return orderCertificate({ source, directory, names: this.#names(source), prover, extraCa: this.#extraCa() });
  }

  #isDue(source: AcmeSource): boolean {
    if (this.#pair === null || !hasNames(this.#pair.certificatePem, this.#names(source))) return true;
    return this.#untilRenewalMs() <= 0;
  }

  /** Until the next look at whether it is due. */
  #untilRenewalMs(): number {
    const { clock } = this.#options;
    if (this.#pair === null) return 0;
    return Math.min(lookEveryMs, renewAtMs(lifeOf(this.#pair.certificatePem), this.#renewalFraction) - clock.nowMs());
  }

  #names(source: AcmeSource): string[] {
    return acmeNames(source, this.#options.domain, this.#options.locations());
  }

  // ── both ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #keepWarning(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopping.signal.aborted) {
      this.#warnNearEnd();
      await clock.sleep(lookEveryMs, this.#stopping.signal);
    }
  }

  /** Once a day, and once for each new one. */
  #warnNearEnd(): void {
    const { clock, log } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#pair === null || nowMs - this.#warnedMs < warnEveryMs) return;
    const life = lifeOf(this.#pair.certificatePem);
    if (!isNearEnd(life, nowMs)) return;
    this.#warnedMs = nowMs;
    log.error(
      { expiresAt: new Date(life.endsMs).toISOString() },
      "certificate nears its end and nobody has renewed it",
    );
  }

  /** Throws ConfigInvalid. */
  #extraCa(): string {
    const { caPath } = this.#options;
    try {
      return caPath === undefined ? "" : readFileSync(caPath, "utf8");
    } catch (error) {
      const text = `--ca-file cannot be read (${(error as NodeJS.ErrnoException).code}): ${caPath}.`;
      throw new LarderError("ConfigInvalid", text, { cause: error });
    }
  }
}
