/** Whether the caches are used: one switch for all processes, by a channel whose last message is the state. */
import { type Channel, createChannel, type Subscription } from "@larder/client/messaging";
import type { Connected } from "../orders/order.ts";

export class CacheSwitch {
  readonly #channel: Channel<{ isOn: boolean }>;
  #subscription: Subscription | undefined;
  #isOn = true;

  constructor({ server, namespace }: Connected) {
    this.#channel = createChannel(`${namespace}:cache-switch`, { server, history: { length: 1 } });
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  start(): void {
    const take = (told: { isOn: boolean }) => {
      this.#isOn = told.isOn;
    };
    this.#subscription = this.#channel.subscribe(take, { from: "beginning" });
  }

  async turn(isOn: boolean): Promise<void> {
    await this.#channel.publish({ isOn });
  }

  stop(): void {
    this.#subscription?.close();
    this.#channel.close();
  }
}
