/**
 * Who of a worker's clients gets what is published on one channel or pattern, and whether the engine has to be told when
 * that changes. Pure: it says what to send, and is told what the engine answered.
 *
 * The engine answers in the order in which it was asked. So a client becomes a member at its place in the engine's own
 * stream of messages, and ceases to be one likewise: each request of a client goes to the engine, be it that others are
 * members already. What the engine has of it is one subscription.
 *
 *   event      what it means                                 changes
 *   join       SUBSCRIBE is sent for a client                joining + 1, wanted
 *   joined     the engine has confirmed it                   joining − 1, a member unless gone
 *   refused    the engine has refused it                     joining − 1
 *   leave      a member wants to leave                       leaving; says what to send
 *   left       the answer to that is there                   no member
 *   stayed     the engine has refused that                   not leaving
 *   gone       a client is no more, whatever it was          no member, not leaving
 *
 * Invariant: once nobody is joining and all members are leaving, it is not wanted: UNSUBSCRIBE is the last that was sent.
 */
export class ChannelMembers<Member> {
  readonly members = new Set<Member>();
  readonly #leaving = new Set<Member>();
  #joining = 0;
  #isWanted = false;

  /** Whether the last that was sent of it asks for its messages. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** Nothing is known of it any more that would matter. */
  get isUnused(): boolean {
    return this.members.size === 0 && this.#joining === 0 && !this.#isWanted;
  }

  join(): void {
    this.#joining++;
    this.#isWanted = true;
  }

  /** `member` is null when the client is gone meanwhile. Returns whether to send UNSUBSCRIBE; so do those below. */
  joined(member: Member | null): boolean {
    this.#joining--;
    if (member !== null) this.members.add(member);
    return this.#settle();
  }

  /** `isActive` is whether the engine has a subscription from earlier. */
  refused(isActive: boolean): boolean {
    this.#joining--;
    if (this.#joining === 0 && this.#isWanted) this.#isWanted = isActive;
    return this.#settle();
  }

  /** What tells that the engine's messages up to here have come: UNSUBSCRIBE itself, or, when others stay, any other command. */
  leave(member: Member): "unsubscribe" | "fence" {
    if (this.members.has(member)) this.#leaving.add(member);
    return this.#settle() ? "unsubscribe" : "fence";
  }

  left(member: Member): boolean {
    return this.gone(member);
  }

  stayed(member: Member): void {
    if (this.#leaving.delete(member)) this.#isWanted = true;
  }

  gone(member: Member): boolean {
    this.#leaving.delete(member);
    this.members.delete(member);
    return this.#settle();
  }

  #settle(): boolean {
    if (!this.#isWanted || this.#joining > 0 || this.members.size > this.#leaving.size) return false;
    this.#isWanted = false;
    return true;
  }
}
