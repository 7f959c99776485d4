/** The channels and patterns of one client, by the command that subscribes to them. Counts confirmations to come. */
export class Subscriptions {
  readonly #names = new Map<string, Set<string>>();

  get isEmpty(): boolean {
    for (const names of this.#names.values()) if (names.size > 0) return false;
    return true;
  }

  count(command: "subscribe" | "psubscribe" | "ssubscribe"): number {
    return this.#names.get(command)?.size ?? 0;
  }

  /** Returns how many confirmations the engine sends: one for each channel named. */
  add(command: string, channels: readonly Buffer[]): number {
    const names = this.#names.get(command) ?? new Set();
    this.#names.set(command, names);
    for (const channel of channels) names.add(channel.toString("latin1"));
    return channels.length;
  }

  /** Takes out the named channels, or all; an engine confirms each, and at least once. */
  remove(command: string, channels: readonly Buffer[]): number {
    const names = this.#names.get(command.replace("un", ""));
    if (channels.length === 0) {
      const count = names?.size ?? 0;
      names?.clear();
      return Math.max(1, count);
    }
    for (const channel of channels) names?.delete(channel.toString("latin1"));
    return channels.length;
  }
}

/** What every client without a subscription shares, so that idle clients cost no memory for it. Never added to. */
export const noSubscriptions = new Subscriptions();
