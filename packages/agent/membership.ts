/**
 * The host as a member of the service: says once who it is, and renews its certificate long before that ends, or when its
 * address is not in it any more. Neither keeps the agent from its work.
 */
import { X509Certificate } from "node:crypto";
import { type HostIntroduction, LarderError, type RenewAnswer, type RenewRequest } from "@larder/api";
import {
  backoffMs,
  type Clock,
  type ControllerLink,
  type Log,
  type Randomness,
  type RemoteDoor,
} from "@larder/service";
import { doorTlsOf, type HostIdentity, type IdentityFolder, newKeyPair } from "./identity.ts";

const renewBeforeMs = 45 * 86_400_000;
const lookEveryMs = 12 * 3_600_000;
const again = { firstMs: 50, maxMs: 60_000 };

/** The identity that is in use; a renewed one takes its place. */
export class Credentials {
  readonly #folder: IdentityFolder;
  #current: HostIdentity;

  constructor(folder: IdentityFolder, identity: HostIdentity) {
    this.#folder = folder;
    this.#current = identity;
  }

  get current(): HostIdentity {
    return this.#current;
  }

  replace(identity: HostIdentity): void {
    this.#folder.write(identity);
    this.#current = identity;
  }
}

/** The controller's door for agents of other machines. */
export function doorOf(credentials: Credentials): RemoteDoor {
  return { url: credentials.current.controllerUrl, tls: () => doorTlsOf(credentials.current) };
}

export interface MembershipOptions {
  link: ControllerLink;
  introduction: HostIntroduction;
  /** undefined for the agent of the controller's own machine. */
  credentials: Credentials | undefined;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

export class Membership {
  readonly #options: MembershipOptions;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Until the signal aborts or the host is removed. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { link, introduction, credentials, clock } = this.#options;
    const ended = AbortSignal.any([signal, abortedBy(link.removed)]);
    await this.#insist(() => link.ask("/agent/register", introduction), ended);
    while (credentials !== undefined && !ended.aborted) {
      if (isDue(credentials.current.certificatePem, introduction.address, clock.nowMs()))
        await this.#insist(() => this.#renew(credentials), ended);
      await clock.sleep(lookEveryMs, ended);
    }
  }

  async #renew(credentials: Credentials): Promise<void> {
    const { link, log } = this.#options;
    const { publicKeyPem, keyPem } = newKeyPair();
    const { certificatePem } = await link.ask<RenewAnswer>("/agent/renew", { publicKeyPem } satisfies RenewRequest);
    credentials.replace({ ...credentials.current, certificatePem, keyPem });
    log.info("host's certificate renewed");
  }

  async #insist(work: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    const { clock, randomness, log } = this.#options;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await work();
        return;
      } catch (error) {
        if (error instanceof LarderError) log.warn({ code: error.code, reason: error.message }, "controller refuses");
        await clock.sleep(backoffMs(attempt, again, randomness), signal);
      }
    }
  }
}

export function isDue(certificatePem: string, address: string, nowMs: number): boolean {
  const certificate = new X509Certificate(certificatePem);
  return Date.parse(certificate.validTo) - nowMs < renewBeforeMs || certificate.checkIP(address) === undefined;
}

function abortedBy(event: Promise<unknown>): AbortSignal {
  const controller = new AbortController();
  void event.then(() => controller.abort());
  return controller.signal;
}
