/** What every load gets: when to go on, chance, and where to say what was wrong. */
import type { Ledger } from "./ledger.ts";
import type { Session } from "./session.ts";

export interface LoadContext {
  name: string;
  random(below: number): number;
  ledger: Ledger;
  /** A client that may be killed at any moment. */
  openSession(): Session;
  /** Waits for its next turn. False when the run is over. */
  turn(): Promise<boolean>;
}

export type Load = (context: LoadContext) => Promise<void>;

/** Where loads wait: for their rate, and for the run when it looks whether all is quiet. */
export class Gate {
  isOver = false;
  #loads = 0;
  #waiting = 0;
  #opened: Promise<void> | null = null;
  #open: () => void = () => {};

  enter(): void {
    this.#loads++;
  }

  leave(): void {
    this.#loads--;
  }

  async turn(delayMs: number): Promise<boolean> {
    this.#waiting++;
    await Bun.sleep(delayMs);
    while (this.#opened !== null) await this.#opened;
    this.#waiting--;
    return !this.isOver;
  }

  get allWait(): boolean {
    return this.#waiting === this.#loads;
  }

  get isOpen(): boolean {
    return this.#opened === null;
  }

  close(): void {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#opened = null;
    this.#open();
  }
}
