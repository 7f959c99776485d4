/**
 * What a bridge and a browser say on a WebSocket, each as one JSON text.
 *
 *   bridge    {"id":"1-0","data":…}                            a message; no id when it is ephemeral
 *             {"id":"1-0"}                                     where the client stands, before the first message
 *             {"id":"1-0","gap":{"reason":"trimmed","after":"0-1"}}
 *             {"ping":true}                                    on sockets that have no pings of their own; any answer will do
 *   browser   {"after":"1-0"} or {"after":null}                first: what it had last. Not needed with ?lastEventId= in the address
 *             {"pong":true}
 *             anything else                                    the application's
 */
import { type Delivery, type Entry, isGap } from "../channel/entry.ts";

export const pingText = '{"ping":true}';

export function positionText(id: string): string {
  return `{"id":"${id}"}`;
}

/** Made once for each message, however many clients get it. */
export class SocketTexts {
  readonly #ofEntries = new WeakMap<Entry, string>();

  of(delivery: Delivery): string {
    if (isGap(delivery)) {
      const { id, reason, after } = delivery;
      return JSON.stringify({ ...(id !== null && { id }), gap: { reason, after } });
    }
    let text = this.#ofEntries.get(delivery);
    if (text === undefined) {
      text = `{${delivery.id === null ? "" : `"id":"${delivery.id}",`}"data":${delivery.body}}`;
      this.#ofEntries.set(delivery, text);
    }
    return text;
  }
}

export type Received = { after: string | null } | { pong: true } | { message: unknown };

/** Throws a SyntaxError for what is no JSON. */
export function received(text: string): Received {
  const message = JSON.parse(text) as Record<string, unknown> | null;
  if (typeof message === "object" && message !== null) {
    if (message["pong"] === true) return { pong: true };
    if (message["after"] === null || typeof message["after"] === "string") return { after: message["after"] };
  }
  return { message };
}
