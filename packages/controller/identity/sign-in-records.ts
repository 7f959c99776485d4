/**
 * Writes sign-ins down, those that fail and those that succeed, each only so often: who floods the provider fills neither the disk nor
 * the place of the calls that are recorded beside. Failures do not take the place of successes.
 */
import type { Clock } from "@larder/service";
import type { SignInKind, SignInRecord } from "../audit/sign-in-record.ts";
import type { PrincipalDocument } from "../documents/principal-document.ts";
import { identityLimits } from "./identity-limits.ts";

const windowMs = 60_000;

export interface SignIn {
  kind: SignInKind;
  address: string;
  principal: PrincipalDocument | undefined;
  /** That the provider knows. */
  clientId: string | undefined;
  /** undefined: it succeeded. */
  error?: string;
}

export class SignInRecords {
  readonly #clock: Clock;
  readonly #write: (record: SignInRecord) => void;
  readonly #windows = { succeeded: new Window(), failed: new Window() };
  #leftOut = 0;

  constructor({ clock, write }: { clock: Clock; write(record: SignInRecord): void }) {
    this.#clock = clock;
    this.#write = write;
  }

  note({ kind, address, principal, clientId, error }: SignIn): void {
    const outcome = error === undefined ? "succeeded" : "failed";
    const window = this.#windows[outcome];
    if (!window.admits(this.#clock.monotonicMs())) {
      this.#leftOut++;
      return;
    }
    this.#write({
      time: new Date(this.#clock.nowMs()).toISOString(),
      event: "sign-in",
      kind,
      outcome,
      principal: principal === undefined ? null : { objectId: principal.objectId, name: principal.name },
      clientId: clientId ?? null,
      address,
      error: error ?? null,
      leftOut: window.takeLeftOut(),
    });
  }

  metrics(): [string, number][] {
    return [["larder_sign_in_records_left_out_total", this.#leftOut]];
  }
}

class Window {
  #endMs = Number.NEGATIVE_INFINITY;
  #records = 0;
  #leftOut = 0;

  admits(nowMs: number): boolean {
    if (nowMs >= this.#endMs) {
      this.#endMs = nowMs + windowMs;
      this.#records = 0;
    }
    if (this.#records >= identityLimits.signInRecordsPerMinute) {
      this.#leftOut++;
      return false;
    }
    this.#records++;
    return true;
  }

  takeLeftOut(): number {
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }
}
