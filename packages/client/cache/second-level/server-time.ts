/**
 * The server's time, estimated: its clock is asked now and then, and the monotonic one of this process says how much has passed since.
 * So processes agree on when an entry ends, and wall clocks here may jump. Half of the time that the answer took is the error.
 */

/** How far two clocks go apart. */
const driftPerMs = 1e-4;
/** A difference beyond what the errors explain: the server's clock was set. */
const jumpMs = 50;

export class ServerTime {
  #offsetMs: number | null = null;
  #errorMs = 0;
  #sampledAtMs = 0;

  get isKnown(): boolean {
    return this.#offsetMs !== null;
  }

  /** `serverMs` was read between the two local times. */
  sample({ serverMs, sentMs, heardMs }: { serverMs: number; sentMs: number; heardMs: number }): void {
    const offsetMs = serverMs - (sentMs + heardMs) / 2;
    const errorMs = (heardMs - sentMs) / 2;
    if (this.#offsetMs !== null) {
      const grownErrorMs = this.#errorMs + (heardMs - this.#sampledAtMs) * driftPerMs;
      const isBetter = errorMs <= grownErrorMs;
      const hasJumped = Math.abs(offsetMs - this.#offsetMs) > errorMs + grownErrorMs + jumpMs;
      if (!isBetter && !hasJumped) return;
    }
    this.#offsetMs = offsetMs;
    this.#errorMs = errorMs;
    this.#sampledAtMs = heardMs;
  }

  /** Of a local monotonic time. */
  ofLocal(localMs: number): number {
    return localMs + (this.#offsetMs ?? 0);
  }

  toLocal(serverMs: number): number {
    return serverMs - (this.#offsetMs ?? 0);
  }

  errorMs(nowMs: number): number {
    return this.#errorMs + (nowMs - this.#sampledAtMs) * driftPerMs;
  }
}
