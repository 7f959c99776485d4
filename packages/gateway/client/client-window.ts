/** What a client may have in flight, and on which lane, as the sizes of its replies tell. Hot. */

import { limits } from "../limits.ts";
import type { ClientState } from "./client-state.ts";

/** Replies larger than this make the window shrink, so that what is in flight stays bounded in bytes. */
const smallReplyBytes = 4096;

/** `count` more replies have come, of `bytes` together. */
export function adaptToReplies(client: ClientState, count: number, bytes: number): void {
  if (bytes > limits.bulkBytes * count) client.largeRepliesLeft = limits.bulkRepliesMin;
  else if (client.largeRepliesLeft > 0) client.largeRepliesLeft -= count;
  if (bytes > smallReplyBytes * count) {
    const fitting = Math.floor((limits.clientWindowBytes * count) / bytes);
    client.window = Math.max(1, Math.min(client.window, fitting));
  } else if (client.window < limits.clientInFlightMax) {
    client.window += count;
  }
}
