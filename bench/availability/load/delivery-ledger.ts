/** Whether numbered things arrive: each that was acknowledged as sent once, and one that was not at most once. */
export class DeliveryLedger {
  readonly #received = new Map<number, number>();

  receive(number: number): void {
    this.#received.set(number, (this.#received.get(number) ?? 0) + 1);
  }

  missing(sent: Iterable<number>): number {
    let missing = 0;
    for (const number of sent) if (!this.#received.has(number)) missing++;
    return missing;
  }

  get twice(): number {
    return [...this.#received.values()].reduce((sum, times) => sum + times - 1, 0);
  }
}
