/** What (P|S)SUBSCRIBE and (P|S)UNSUBSCRIBE answer for each name: a push in RESP3, the like array in RESP2. */
import type { Protocol } from "@larder/resp";

export interface Confirmation {
  command: string;
  /** One character a byte; null when there was nothing to unsubscribe from. */
  name: string | null;
  /** Subscriptions that the client then has. */
  count: number;
}

/** One character a byte. */
export function encodeConfirmation(protocol: Protocol, { command, name, count }: Confirmation): string {
  const none = protocol === 3 ? "_\r\n" : "$-1\r\n";
  const bulk = name === null ? none : `$${name.length}\r\n${name}\r\n`;
  return `${protocol === 3 ? ">" : "*"}3\r\n$${command.length}\r\n${command}\r\n${bulk}:${count}\r\n`;
}
