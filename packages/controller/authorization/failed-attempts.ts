/** Counts failures by address, within windows of time that begin with a first one. Bounded, whoever fails from wherever. */
import { isIPv6 } from "node:net";
import type { Clock } from "@larder/service";
import { authorizationLimits } from "./limits.ts";

/** Of an IPv6 address: a household or a server has as many as it likes beyond them. */
const networkGroups = 4;

export class FailedAttempts {
  readonly #clock: Clock;
  readonly #limits: Pick<typeof authorizationLimits, "failuresMax" | "failuresWindowMs" | "failingAddressesMax">;
  readonly #windows = new Map<string, { endMs: number; failures: number }>();

  constructor(
    clock: Clock,
    limits: Partial<Record<"failuresMax" | "failuresWindowMs" | "failingAddressesMax", number>> = {},
  ) {
    this.#clock = clock;
    this.#limits = { ...authorizationLimits, ...limits } as typeof authorizationLimits;
  }

  /** For how long the address has to wait; 0: it need not. */
  waitMs(address: string): number {
    const window = this.#windows.get(networkOf(address));
    if (window === undefined || window.failures < this.#limits.failuresMax) return 0;
    return Math.max(0, window.endMs - this.#clock.monotonicMs());
  }

  note(address: string): void {
    const network = networkOf(address);
    const nowMs = this.#clock.monotonicMs();
    const window = this.#windows.get(network);
    if (window !== undefined && window.endMs > nowMs) {
      window.failures++;
      return;
    }
    this.#windows.delete(network);
    this.#windows.set(network, { endMs: nowMs + this.#limits.failuresWindowMs, failures: 1 });
    if (this.#windows.size > this.#limits.failingAddressesMax)
      this.#windows.delete(this.#windows.keys().next().value as string);
  }
}

/** IPv4 as it is, also where it comes as IPv6; of IPv6 the /64. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = "", tail] = (address.split("%")[0] as string).toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - last.length) }, () => "0");
  return [...groups, ...zeros, ...last]
    .slice(0, networkGroups)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
