/**
 * Messages as server-sent events (WHATWG HTML, section 9.2). Made once for each message and each run of messages, however many
 * clients get them.
 */
import { type Delivery, type Entry, isGap } from "../channel/entry.ts";

export const heartbeatFrame = Buffer.from(":\n\n");

/** The browser keeps the id without being told of an event. `retry`: how long it waits before it connects again. */
export function openingFrame(retryMs: number): Buffer {
  return Buffer.from(`retry: ${Math.round(retryMs)}\n\n`);
}

export function positionFrame(id: string): Buffer {
  return Buffer.from(`id: ${id}\n\n`);
}

export class FrameMaker {
  readonly #event: string | undefined;
  readonly #ofEntries = new WeakMap<Entry, Buffer>();
  /** By the first of a run: what others of the same length got. */
  readonly #ofRuns = new WeakMap<Delivery, { last: Delivery; length: number; frame: Buffer }>();

  /** `event`: the type that browsers see; "message" unless given. */
  constructor(event: string | undefined) {
    this.#event = event;
  }

  of(deliveries: readonly Delivery[]): Buffer {
    const [first] = deliveries;
    const last = deliveries.at(-1);
    if (first === undefined || last === undefined) return Buffer.alloc(0);
    if (deliveries.length === 1) return this.#one(first);
    const known = this.#ofRuns.get(first);
    if (known?.last === last && known.length === deliveries.length) return known.frame;
    const frame = Buffer.concat(deliveries.map((delivery) => this.#one(delivery)));
    this.#ofRuns.set(first, { last, length: deliveries.length, frame });
    return frame;
  }

  #one(delivery: Delivery): Buffer {
    if (isGap(delivery)) return gapFrame(delivery);
    let frame = this.#ofEntries.get(delivery);
    if (frame === undefined) {
      frame = this.#entryFrame(delivery);
      this.#ofEntries.set(delivery, frame);
    }
    return frame;
  }

  #entryFrame({ id, body }: Entry): Buffer {
    const event = this.#event === undefined ? "" : `event: ${this.#event}\n`;
    return Buffer.from(`${id === null ? "" : `id: ${id}\n`}${event}${dataLines(body)}\n\n`);
  }
}

/** JSON of this package has no line breaks. What others wrote may, and must not end the event. */
function dataLines(body: Buffer): string {
  const text = body.toString();
  return /[\r\n]/.test(text)
    ? text
        .split(/\r\n|\r|\n/)
        .map((line) => `data: ${line}`)
        .join("\n")
    : `data: ${text}`;
}

function gapFrame({ reason, after, id }: { reason: string; after: string | null; id: string | null }): Buffer {
  const data = JSON.stringify({ reason, after });
  return Buffer.from(`${id === null ? "" : `id: ${id}\n`}event: gap\ndata: ${data}\n\n`);
}
