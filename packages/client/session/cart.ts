/**
 * @larder/client/session/cart: shopping carts, whose lines are changed one by one, so that two windows of one visitor lose nothing.
 *
 * A cart belongs to an owner, whose name the application chooses: the user's, or a random one that an anonymous session holds.
 * It holds articles and quantities and no prices: those are the database's, at the time of the order.
 */
import type { Reply } from "../connection/connection.ts";
import { type ServerLike, serverOf } from "../connection/server.ts";
import { type Duration, durationMs } from "../duration.ts";
import { changeScript, mergeScript, sealScript } from "./cart-scripts.ts";

export interface CartOptions {
  server: ServerLike;
  /** Before every key: "cart" unless told. */
  namespace?: string;
  /** A cart that nobody changes is forgotten after so long: "30d" unless told. */
  keep?: Duration;
  /** Of one article: 99 unless told. */
  quantityMax?: number;
  /** Different articles in one cart: 100 unless told. */
  linesMax?: number;
}

export interface CartLine {
  article: string;
  quantity: number;
}

/** `refused`: the cart is as it was, with `quantity` of the article, because `by` would be more than allowed. */
export type CartChange =
  | { is: "changed"; quantity: number }
  | { is: "refused"; by: "quantity" | "lines"; quantity: number };

export interface ShoppingCarts {
  /** `quantity` may be negative; at 0 the line goes. 1 unless told. */
  add(owner: string, article: string, quantity?: number): Promise<CartChange>;
  /** 0 removes the line. */
  set(owner: string, article: string, quantity: number): Promise<CartChange>;
  lines(owner: string): Promise<CartLine[]>;
  clear(owner: string): Promise<void>;
  /**
   * Puts the cart of `from` into that of `into`, and empties it: at a sign-in. Call it again when it rejects or the process ends
   * within: nothing is counted twice. Returns what had no room, and what is added to `from` within the hour after goes to `into`.
   */
  merge(from: string, into: string): Promise<{ dropped: CartLine[] }>;
}

/** How long a cart that was merged into another is remembered, for requests that were under way. */
const mergedMs = 3_600_000;

/** All methods reject with what the server answered, or with ServerUnreachable. Throws a TypeError that names a wrong option. */
export function shoppingCarts(options: CartOptions): ShoppingCarts {
  return new Carts(options);
}

class Carts implements ShoppingCarts {
  readonly #options: CartOptions;
  readonly #keepMs: string;
  readonly #limits: [quantityMax: string, linesMax: string];

  constructor(options: CartOptions) {
    const { keep = "30d", quantityMax = 99, linesMax = 100 } = options;
    for (const [name, value] of Object.entries({ quantityMax, linesMax }))
      if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`${name} is a whole number above 0.`);
    this.#options = options;
    this.#keepMs = String(Math.ceil(durationMs(keep, "keep")));
    this.#limits = [String(quantityMax), String(linesMax)];
  }

  add(owner: string, article: string, quantity = 1): Promise<CartChange> {
    return this.#change("add", owner, { article, quantity });
  }

  async set(owner: string, article: string, quantity: number): Promise<CartChange> {
    if (quantity < 0) throw new TypeError("quantity is not below 0.");
    return this.#change("set", owner, { article, quantity });
  }

  async lines(owner: string): Promise<CartLine[]> {
    return linesOf(await this.#ask(["HGETALL", this.#keys(owner)[0]]));
  }

  async clear(owner: string): Promise<void> {
    await this.#ask(["DEL", this.#keys(owner)[0]]);
  }

  async merge(from: string, into: string): Promise<{ dropped: CartLine[] }> {
    if (from === into) return { dropped: [] };
    const [lines, notes] = this.#keys(from);
    const sealed = await sealScript.run(this.#main, [lines, notes], [into, String(mergedMs)]);
    if (sealed === null) return { dropped: [] };
    const args = [this.#keepMs, from, ...this.#limits, ...(sealed as string[])];
    const dropped = await mergeScript.run(this.#main, this.#keys(into), args);
    await this.#ask(["DEL", lines]);
    // Only now: before it is empty, merging it again would count it twice.
    await this.#ask(["HDEL", this.#keys(into)[1], `<${from}`]);
    return { dropped: linesOf(dropped) };
  }

  async #change(how: "add" | "set", owner: string, line: CartLine): Promise<CartChange> {
    const { article, quantity } = line;
    if (!Number.isSafeInteger(quantity)) throw new TypeError("quantity is a whole number.");
    if (typeof article !== "string" || article === "") throw new TypeError("article is a name.");
    const args = [this.#keepMs, how, article, String(quantity), ...this.#limits];
    const [is, value] = (await changeScript.run(this.#main, this.#keys(owner), args)) as Reply[];
    if (is === "merged") return this.#change(how, String(value), line);
    if (is === "changed") return { is, quantity: Number(value) };
    return { is: "refused", by: is as "quantity" | "lines", quantity: Number(value) };
  }

  #ask(command: string[]): Promise<Reply> {
    return this.#main.ask(command);
  }

  get #main() {
    return serverOf(this.#options.server).main;
  }

  #keys(owner: string): [lines: string, notes: string] {
    if (typeof owner !== "string" || owner === "") throw new TypeError("owner is a name.");
    const key = `${this.#options.namespace ?? "cart"}:{${owner}}`;
    return [key, `${key}:notes`];
  }
}

function linesOf(reply: Reply): CartLine[] {
  const pairs = reply as (string | number)[];
  return Array.from({ length: pairs.length / 2 }, (_, index) => ({
    article: String(pairs[2 * index]),
    quantity: Number(pairs[2 * index + 1]),
  }));
}
