/** Who has failed to sign in too often, by address and by name, and how many did altogether, for /metrics. */
import { addressGroup, type Clock, FailedAttempts } from "@larder/service";
import type { SignInKind } from "../audit/sign-in-record.ts";
import { addressAttempts, identityLimits, nameAttempts } from "./identity-limits.ts";

const minuteMs = 60_000;

type CountedKind = Exclude<SignInKind, "renewal">;

export interface Who {
  address: string;
  /** A user's. Applications have none here: their secrets cannot be guessed, and strangers would lock them out. */
  name?: string;
}

export class SignInAttempts {
  readonly #byAddress: FailedAttempts;
  readonly #byName: FailedAttempts;
  /** Not failures: whoever leaves something behind. */
  readonly #newcomers: FailedAttempts;
  readonly #counts = { refused: 0, heldOff: 0, user: 0, application: 0, device: 0 };

  constructor(clock: Clock) {
    this.#byAddress = new FailedAttempts(addressAttempts, clock);
    this.#byName = new FailedAttempts(nameAttempts, clock);
    const newcomers = { ...addressAttempts, failuresMax: identityLimits.newcomersPerMinute, windowMs: minuteMs };
    this.#newcomers = new FailedAttempts(newcomers, clock);
  }

  /** How long whoever tries has to wait; 0: not at all. Counts those that do. */
  waitMs({ address, name }: Who): number {
    const ofName = name === undefined ? 0 : this.#byName.waitMs(name.toLowerCase());
    const waitMs = Math.max(this.#byAddress.waitMs(addressGroup(address)), ofName);
    if (waitMs > 0) this.#counts.heldOff++;
    return waitMs;
  }

  /** Like `waitMs`, for a request that leaves something behind: it counts as one. */
  admitMs(address: string): number {
    const group = addressGroup(address);
    const waitMs = this.#newcomers.waitMs(group);
    if (waitMs > 0) this.#counts.heldOff++;
    else this.#newcomers.failed(group);
    return waitMs;
  }

  failed({ address, name }: Who): void {
    this.#counts.refused++;
    this.#byAddress.failed(addressGroup(address));
    if (name !== undefined) this.#byName.failed(name.toLowerCase());
  }

  succeeded(kind: CountedKind): void {
    this.#counts[kind]++;
  }

  metrics(): [string, number][] {
    const { refused, heldOff, user, application, device } = this.#counts;
    return [
      ["larder_sign_ins_refused_total", refused],
      ["larder_sign_ins_held_off_total", heldOff],
      ['larder_sign_ins_total{kind="user"}', user],
      ['larder_sign_ins_total{kind="application"}', application],
      ['larder_sign_ins_total{kind="device"}', device],
    ];
  }
}
