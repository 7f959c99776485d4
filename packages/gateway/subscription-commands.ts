/** SUBSCRIBE, UNSUBSCRIBE and their kin: on a dedicated connection while the client is subscribed to anything. */
import type { ClientConnection } from "./client-connection.ts";
import { Class } from "./command-classes.ts";
import { forward, onDedicated } from "./forward.ts";
import { counters } from "./metrics.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";
import { Subscriptions } from "./subscriptions.ts";

/** With nothing in flight, or already subscribed. */
export function changeSubscriptions(client: ClientConnection, found: Class, request: Request): Outcome {
  const [name, ...channels] = wordsOf(request) as [Buffer, ...Buffer[]];
  const command = name.toString("latin1").toLowerCase();
  if (found === Class.subscribe && channels.length === 0) return forward(client, request);
  if (found === Class.unsubscribe && client.subscriptions.isEmpty && client.dedicated === null) {
    confirmNothing(client, command, channels);
    return "done";
  }
  return onDedicated(client, () => {
    if (found === Class.subscribe && client.subscriptions.isEmpty) client.subscriptions = new Subscriptions();
    const { subscriptions, dedicated } = client;
    const confirmations =
      found === Class.subscribe ? subscriptions.add(command, channels) : subscriptions.remove(command, channels);
    counters.larder_gateway_commands_dedicated_total++;
    dedicated?.sendSubscription(request, confirmations);
    return "done";
  });
}

/** What Redis answers to UNSUBSCRIBE without subscriptions. (Valkey 8.0 says -NOSUB, which later versions took back.) */
function confirmNothing(client: ClientConnection, command: string, channels: readonly Buffer[]): void {
  if (client.isMuted) return;
  const aggregate = client.protocol === 3 ? ">" : "*";
  const none = client.protocol === 3 ? "_\r\n" : "$-1\r\n";
  const names =
    channels.length === 0 ? [none] : channels.map((each) => `$${each.length}\r\n${each.toString("latin1")}\r\n`);
  const text = names.map((name) => `${aggregate}3\r\n$${command.length}\r\n${command}\r\n${name}:0\r\n`).join("");
  const bytes = Buffer.from(text, "latin1");
  client.deliver(bytes, 0, bytes.length);
}
