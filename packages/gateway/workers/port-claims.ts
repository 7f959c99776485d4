/**
 * Whether this worker may listen on a port. Workers share ports, and the kernel lets any other process of the same
 * person join them silently, another Larder for one. So a port is shared only with a worker that has told of it; without
 * one it must be free. What is neither may be that of a worker that has just opened it and not told yet: for a moment the
 * claim is open, and then the port is somebody else's.
 */
import type { Clock } from "@larder/service";
import type { ListeningPlace } from "../front/listening-place.ts";
import { limits } from "../limits.ts";
import type { WorkerBus } from "./worker-bus.ts";

export interface PortClaimsOptions {
  /** What is claimed are ports there. */
  place: ListeningPlace;
  clock: Clock;
  workers: Pick<WorkerBus, "isOneOfMany" | "isHeldElsewhere">;
}

const retryMs = 20;

export class PortClaims {
  readonly place: ListeningPlace;
  readonly #options: PortClaimsOptions;
  /** Since when. One that was given up stays: the next claim of it is decided at once. */
  readonly #contested = new Map<number, number>();

  constructor(options: PortClaimsOptions) {
    this.place = options.place;
    this.#options = options;
  }

  /** True: listen on it now. False: try again soon. Throws EADDRINUSE. A worker that is alone may always try. */
  claim(port: number): boolean {
    const { workers, clock } = this.#options;
    if (workers.isOneOfMany && !workers.isHeldElsewhere(this.place.told(port))) {
      const sinceMs = this.#contested.get(port) ?? clock.monotonicMs();
      this.#contested.set(port, sinceMs);
      if (!this.#isFree(port, clock.monotonicMs() - sinceMs >= limits.portContestedMs)) return false;
    }
    this.#contested.delete(port);
    return true;
  }

  /** Resolves once the port may be listened on. Throws EADDRINUSE. */
  async claimed(port: number): Promise<void> {
    while (!this.claim(port)) await this.#options.clock.sleep(retryMs);
  }

  #isFree(port: number, throws: boolean): boolean {
    try {
      this.place.open((hostname) => Bun.listen({ hostname, port, socket: { data() {} } })).stop(true);
      return true;
    } catch (error) {
      if (!throws && (error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
      throw error;
    }
  }
}
