/** What a client gets beside its replies: messages, which must not come within one, and how many may wait. */
import { expect, test } from "bun:test";
import type { Socket } from "bun";
import { limits } from "../limits.ts";
import type { ChannelHub } from "../subscriptions/channel-hub.ts";
import { Subscriptions } from "../subscriptions/subscriptions.ts";
import { ClientConnection } from "./client-connection.ts";
import type { ClientHost } from "./client-host.ts";
import { OutputTotal } from "./output-total.ts";

/** A client whose socket takes `room` bytes. */
function connect(room: { bytes: number }) {
  const taken: string[] = [];
  const outputTotal = new OutputTotal(() => {});
  const host = { nowMs: () => 0, process() {}, onClosed() {}, outputTotal } as unknown as ClientHost;
  const socket = {
    write(bytes: Buffer, start = 0, length = bytes.length) {
      const written = Math.min(length, room.bytes);
      room.bytes -= written;
      if (written > 0) taken.push(bytes.toString("latin1", start, start + written));
      return written;
    },
    end() {},
    pause() {},
    resume() {},
  } as unknown as Socket<ClientConnection>;
  const client = new ClientConnection(host, socket, { id: 1, nowMs: 0, remoteAddress: "127.0.0.1" });
  client.subscriptions = new Subscriptions({ forget() {} } as unknown as ChannelHub);
  client.subscriptions.add("subscribe", "ch");
  return { client, taken, outputTotal };
}

const deliver = (client: ClientConnection, text: string) => client.deliver(Buffer.from(text), 0, text.length);

test("messages wait for the end of a reply, and are part of what waits", () => {
  const { client, taken, outputTotal } = connect({ bytes: 1000 });
  deliver(client, "$4\r\nab");
  client.isInsideReply = true;
  client.push(Buffer.from("one"));
  client.push(Buffer.from("two"));
  expect([taken.join(""), client.outputBytes, outputTotal.bytes]).toEqual(["$4\r\nab", 6, 6]);
  deliver(client, "cd\r\n");
  client.isInsideReply = false;
  client.sendMessages();
  expect([taken.join(""), client.outputBytes, outputTotal.bytes]).toEqual(["$4\r\nabcd\r\nonetwo", 0, 0]);
});

test("messages that do not fit the socket keep their place", () => {
  const room = { bytes: 2 };
  const { client, taken } = connect(room);
  client.push(Buffer.from("one"));
  deliver(client, "+OK\r\n");
  client.push(Buffer.from("two"));
  room.bytes = 1000;
  client.onDrain(1);
  expect([taken.join(""), client.outputBytes]).toEqual(["one+OK\r\ntwo", 0]);
});

test("a subscriber may have much waiting, for long, but not both", () => {
  const { client } = connect({ bytes: 0 });
  client.push(Buffer.alloc(limits.subscriberOutputBytesSoft));
  client.checkStall(1_000_000);
  client.checkStall(2_000_000);
  expect(client.isClosed).toBe(false);
  client.push(Buffer.alloc(1));
  client.checkStall(2_000_000);
  client.checkStall(2_000_000 + limits.subscriberOutputSoftMs - 1);
  expect(client.isClosed).toBe(false);
  client.checkStall(2_000_000 + limits.subscriberOutputSoftMs);
  expect(client.isClosed).toBe(true);
});

test("a subscriber is closed at once past the hard limit", () => {
  const { client, outputTotal } = connect({ bytes: 0 });
  client.push(Buffer.alloc(limits.subscriberOutputBytesMax));
  expect(client.isClosed).toBe(false);
  client.push(Buffer.alloc(1));
  expect([client.isClosed, outputTotal.bytes]).toEqual([true, 0]);
});

test("a client with whose reads engine after engine dies is closed, and told why", async () => {
  const { client, taken } = connect({ bytes: 1000 });
  const plan = { requests: Buffer.from("PING\r\n"), unknown: 0 };
  for (let loss = 0; loss <= limits.clientLossesMax; loss++) {
    expect(client.isClosed).toBe(false);
    client.inFlight++;
    client.onServerLost(1, { isInside: false, plan });
    // It is asked again in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(taken.join("")).toStartWith("-UNAVAILABLE the engine was lost again and again");
  expect([client.isClosed, client.closeReason]).toEqual([true, "engine"]);
});
