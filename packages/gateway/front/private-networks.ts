/**
 * The private networks of this gateway: the TLS port of all caches is open on each of them. One where that is not possible, as its
 * address or its namespace is not there, is tried again every now and then, and keeps nothing else from working.
 */
import { isSameName, LarderError, type PrivateNetwork, type PrivateNetworkReport } from "@larder/api";
import type { Clock, Log } from "@larder/service";
import { PortClaims, type PortClaimsOptions } from "../workers/port-claims.ts";
import type { Port } from "./arrival.ts";
import type { Listener } from "./listeners.ts";
import { ListeningPlace } from "./listening-place.ts";

export interface PrivateNetworksOptions {
  networks: readonly PrivateNetwork[];
  tlsPort: number;
  /** Throws what the system throws. */
  listen(place: ListeningPlace, port: number, what: Port): Listener;
  clock: Clock;
  workers: PortClaimsOptions["workers"];
  log: Log;
}

interface Network {
  name: string;
  claims: PortClaims;
  listener: Listener | null;
  error: string | null;
}

const waitingError = "the port is about to be opened";

export class PrivateNetworks {
  readonly #options: PrivateNetworksOptions;
  readonly #networks: Network[];

  constructor(options: PrivateNetworksOptions) {
    const { networks, clock, workers } = options;
    this.#options = options;
    this.#networks = networks.map((network, index) => {
      const place = ListeningPlace.private(network, index);
      return {
        name: network.name,
        claims: new PortClaims({ place, clock, workers }),
        listener: null,
        error: waitingError,
      };
    });
  }

  /** Tries those that are not open. Returns whether any is now. */
  open(): boolean {
    const opened = this.#networks.filter(({ listener }) => listener === null).filter((network) => this.#open(network));
    return opened.length > 0;
  }

  stop(): void {
    for (const { listener } of this.#networks) listener?.stop(true);
  }

  /** Of a network that is open; undefined for others. */
  claimsOf(name: string): PortClaims | undefined {
    return this.#networks.find((network) => isSameName(network.name, name) && network.listener !== null)?.claims;
  }

  /** The open ports, as other workers are told of them. */
  told(): number[] {
    return this.#networks.flatMap(({ claims, listener }) =>
      listener === null ? [] : claims.place.told(this.#options.tlsPort),
    );
  }

  reports(failed: (network: string) => PrivateNetworkReport["failedPorts"]): PrivateNetworkReport[] {
    return this.#networks.map(({ name, claims, error }) => ({
      name,
      address: claims.place.host,
      error,
      failedPorts: failed(name),
    }));
  }

  /** How many are not open, and ports of caches on the others. */
  failures(failed: (network: string) => unknown[]): number {
    return this.#networks.reduce((sum, { name, error }) => sum + Number(error !== null) + failed(name).length, 0);
  }

  #open(network: Network): boolean {
    const { tlsPort, listen } = this.#options;
    try {
      if (!network.claims.claim(tlsPort)) return false;
      network.listener = listen(network.claims.place, tlsPort, { cache: null, isTls: true, network: network.name });
      network.error = null;
      return true;
    } catch (error) {
      this.#fail(network, describeFailure(error));
      return false;
    }
  }

  /** Said once, however often it is tried. */
  #fail(network: Network, error: string): void {
    if (network.error !== error)
      this.#options.log.error({ network: network.name, reason: error }, "private network cannot be served");
    network.error = error;
  }
}

/** Why a port cannot be opened: the system's code, or words. */
export function describeFailure(error: unknown): string {
  if (error instanceof LarderError) return error.message;
  return (error as NodeJS.ErrnoException).code ?? "UNKNOWN";
}
