/** Looks now and then at what may change on the host while the agent runs: its engines, and the certificate of its nodes. */
import type { Clock } from "@larder/service";
import type { NodeCertificate } from "./engine/node-certificate.ts";
import type { HostEngines } from "./host-engines.ts";
import { Wakeup } from "./wakeup.ts";

export interface HostLookOptions {
  engines: Pick<HostEngines, "lookAgain">;
  certificate: Pick<NodeCertificate, "look">;
  /** The host has other engines than before. */
  onEngines: () => void;
  clock: Clock;
}

/** So long may pass until an engine that was installed is reported, and until running engines have a renewed certificate. */
export const hostLookEveryMs = 60_000;

export class HostLook {
  readonly #options: HostLookOptions;
  readonly #wakeup: Wakeup;
  #asksAll = false;

  constructor(options: HostLookOptions) {
    this.#options = options;
    this.#wakeup = new Wakeup(options.clock);
  }

  /** At once, and at every program, whether its file has changed or not. */
  soon(): void {
    this.#asksAll = true;
    this.#wakeup.wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#wakeup.wake(), { once: true });
    for (;;) {
      await this.#wakeup.wait(hostLookEveryMs);
      if (signal.aborted) return;
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    const { engines, certificate, onEngines } = this.#options;
    const asksAll = this.#asksAll;
    this.#asksAll = false;
    certificate.look();
    if (await engines.lookAgain({ asksAll })) onEngines();
  }
}
