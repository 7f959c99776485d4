/**
 * Orders to agents (`agent-protocol.ts`): each is said once, on the stream that the host's agent follows, and ends with
 * the agent's answer. Not a queue: an order that cannot be said at once fails at once, and none is ever repeated.
 *
 * Where no answer came, nobody knows whether the order was carried out: `OrderUnanswered.wasSaid` tells this apart from
 * one that never left.
 */
import type { AgentAnswer, AgentOrder, FilesOrder } from "@larder/api";
import type { Clock, Randomness } from "@larder/service";

/** An order before it has an id. */
export type OrderWish = AgentOrder extends infer Order
  ? Order extends AgentOrder
    ? Omit<Order, "orderId">
    : never
  : never;

export type FilesWish = FilesOrder extends infer Order
  ? Order extends FilesOrder
    ? Omit<Order, "orderId">
    : never
  : never;

/** No answer came. An answer that says no is an answer. */
export class OrderUnanswered extends Error {
  override readonly name = "OrderUnanswered";
  /** Whether the agent may have got the order. */
  readonly wasSaid: boolean;

  constructor(message: string, { wasSaid }: { wasSaid: boolean }) {
    super(message);
    this.wasSaid = wasSaid;
  }
}

interface Stream {
  say(message: { order: AgentOrder } | { files: FilesOrder }): void;
  readonly waiting: Map<string, PromiseWithResolvers<AgentAnswer>>;
}

/** Orders that one agent has not answered; more means that it answers none. Shown by `larder_orders_unanswered`. */
const unansweredMax = 1_000;

export class Orders {
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  /** By host. An agent that reconnects may have two for a moment; the newest is spoken to. */
  readonly #streams = new Map<string, Stream[]>();

  constructor({ clock, randomness }: { clock: Clock; randomness: Randomness }) {
    this.#clock = clock;
    this.#randomness = randomness;
  }

  /** Orders that wait for their answers. */
  get unanswered(): number {
    const streams = [...this.#streams.values()].flat();
    return streams.reduce((sum, { waiting }) => sum + waiting.size, 0);
  }

  /** A stream of the host's agent is open. Returns what to call when it ends. */
  opened(hostId: string, say: Stream["say"]): () => void {
    const stream: Stream = { say, waiting: new Map() };
    this.#streams.set(hostId, [...(this.#streams.get(hostId) ?? []), stream]);
    return () => this.#end(hostId, stream);
  }

  /** Says an order now and resolves with the answer. Rejects with OrderUnanswered. */
  give(hostId: string, wish: OrderWish, timeoutMs: number): Promise<AgentAnswer> {
    return this.#say(hostId, (orderId) => ({ order: { ...wish, orderId } }), timeoutMs);
  }

  /** The same, about files in storage. */
  giveFiles(hostId: string, wish: FilesWish, timeoutMs: number): Promise<AgentAnswer> {
    return this.#say(hostId, (orderId) => ({ files: { ...wish, orderId } }), timeoutMs);
  }

  async #say(
    hostId: string,
    message: (orderId: string) => Parameters<Stream["say"]>[0],
    timeoutMs: number,
  ): Promise<AgentAnswer> {
    const stream = this.#streams.get(hostId)?.at(-1);
    if (stream === undefined)
      throw new OrderUnanswered(`The agent of host ${hostId} is not connected.`, { wasSaid: false });
    if (stream.waiting.size >= unansweredMax)
      throw new OrderUnanswered(`The agent of host ${hostId} owes ${unansweredMax} answers.`, { wasSaid: false });
    const orderId = this.#randomness.uuid();
    const answer = Promise.withResolvers<AgentAnswer>();
    stream.waiting.set(orderId, answer);
    stream.say(message(orderId));
    const settled = new AbortController();
    void this.#clock.sleep(timeoutMs, settled.signal).then(() => answer.reject(lateError(hostId, timeoutMs)));
    return answer.promise.finally(() => {
      stream.waiting.delete(orderId);
      settled.abort();
    });
  }

  /** An answer to nobody's order, or a second one, is dropped. */
  answered(answer: AgentAnswer): void {
    for (const streams of this.#streams.values())
      for (const { waiting } of streams) waiting.get(answer.orderId)?.resolve(answer);
  }

  #end(hostId: string, stream: Stream): void {
    const others = (this.#streams.get(hostId) ?? []).filter((one) => one !== stream);
    if (others.length > 0) this.#streams.set(hostId, others);
    else this.#streams.delete(hostId);
    const lost = new OrderUnanswered(`The agent of host ${hostId} was lost before its answer.`, { wasSaid: true });
    for (const answer of stream.waiting.values()) answer.reject(lost);
  }
}

function lateError(hostId: string, timeoutMs: number): OrderUnanswered {
  return new OrderUnanswered(`The agent of host ${hostId} did not answer within ${timeoutMs} ms.`, { wasSaid: true });
}
