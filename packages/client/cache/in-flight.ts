/**
 * Reads and writes that are on their way. One that is overtaken by an invalidation of its key is dirty: what it brings goes to its
 * caller and is not kept. Needed in both orders, as a library may hand on the invalidation before the reply that came ahead of it.
 */
export interface Ticket {
  readonly name: string;
  isDirty: boolean;
  uses: number;
}

export class InFlight {
  readonly #tickets = new Map<string, Ticket>();

  /** To be ended with `end`. */
  begin(name: string): Ticket {
    let ticket = this.#tickets.get(name);
    if (ticket === undefined) {
      ticket = { name, isDirty: false, uses: 0 };
      this.#tickets.set(name, ticket);
    }
    ticket.uses++;
    return ticket;
  }

  end(ticket: Ticket): void {
    if (--ticket.uses === 0 && !ticket.isDirty) this.#tickets.delete(ticket.name);
  }

  /** Those that are on their way now; what begins after it is clean. */
  dirty(name: string): void {
    const ticket = this.#tickets.get(name);
    if (ticket === undefined) return;
    ticket.isDirty = true;
    this.#tickets.delete(name);
  }

  dirtyAll(): void {
    for (const ticket of this.#tickets.values()) ticket.isDirty = true;
    this.#tickets.clear();
  }
}
