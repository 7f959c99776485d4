/** Random clients at one channel before an engine that answers late, in order, and sometimes no. LARDER_SEED=… replays. */
import { describe, expect, test } from "bun:test";
import { ChannelMembers } from "./channel-members.ts";

const seed = Number(process.env.LARDER_SEED ?? crypto.getRandomValues(new Uint32Array(1))[0]);

function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Client {
  isGone: boolean;
  isBusy: boolean;
}

/** The engine's side: a list of commands, and whether it is subscribed. */
class Model {
  readonly channel = new ChannelMembers<Client>();
  readonly #commands: (() => void)[] = [];
  isSubscribed = false;

  subscribe(client: Client, isRefused: boolean): void {
    client.isBusy = true;
    this.channel.join();
    this.#commands.push(() => {
      if (!isRefused) this.isSubscribed = true;
      client.isBusy = false;
      this.#send(
        isRefused ? this.channel.refused(this.isSubscribed) : this.channel.joined(client.isGone ? null : client),
      );
    });
  }

  unsubscribe(client: Client): void {
    client.isBusy = true;
    const isReal = this.channel.leave(client) === "unsubscribe";
    this.#commands.push(() => {
      if (isReal) this.isSubscribed = false;
      client.isBusy = false;
      this.#send(this.channel.left(client));
    });
  }

  end(client: Client): void {
    client.isGone = true;
    this.#send(this.channel.gone(client));
  }

  answer(): boolean {
    const next = this.#commands.shift();
    next?.();
    return next !== undefined;
  }

  #send(isNeeded: boolean): void {
    if (isNeeded) this.#commands.push(() => (this.isSubscribed = false));
  }
}

describe(`members and engine agree (LARDER_SEED=${seed})`, () => {
  test("whatever happens", () => {
    const random = randomFrom(seed);
    for (let round = 0; round < 500; round++) {
      const model = new Model();
      const clients: Client[] = Array.from({ length: 4 }, () => ({ isGone: false, isBusy: false }));
      for (let step = 0; step < 40; step++) {
        const client = clients[random(clients.length)] as Client;
        if (random(3) === 0) model.answer();
        else if (client.isGone || client.isBusy) continue;
        else if (random(8) === 0) model.end(client);
        else if (random(2) === 0) model.subscribe(client, random(6) === 0);
        else model.unsubscribe(client);
      }
      while (model.answer());
      expect(model.isSubscribed).toBe(model.channel.members.size > 0);
      expect(model.channel.isWanted).toBe(model.isSubscribed);
      for (const member of model.channel.members) expect(member.isGone).toBe(false);
      for (const client of clients) if (!client.isGone) model.end(client);
      while (model.answer());
      expect([model.isSubscribed, model.channel.isUnused]).toEqual([false, true]);
    }
  });
});
