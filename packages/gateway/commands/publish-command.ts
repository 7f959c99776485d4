/**
 * PUBLISH, SPUBLISH and PUBSUB, while clients of this worker are subscribed: the engine's counts are put right, as it knows
 * one subscriber where there may be many. In a transaction and in Lua they stay the engine's.
 */
import { decodeReply, encodeReply } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import type { ReplyRewrite } from "../engine/reply-treatment.ts";
import type { FanOut } from "../subscriptions/fan-out.ts";
import { forward } from "./forward.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";

const LF = 10;
const COLON = 58;

export function publish(client: ClientConnection, request: Request): Outcome {
  const isUnseen = client.isMuted || client.skipsNext;
  return forward(client, request, isUnseen ? null : (recounting(client, request) ?? recountingEach(client, request)));
}

/** PUBLISH and SPUBLISH, of which there may be only the beginning. Without the channel the count stays the engine's. */
export function recounting(
  client: ClientConnection,
  { bytes, start }: { bytes: Buffer; start: number },
): ReplyRewrite | null {
  const fanOut = client.cache?.fanOut;
  const [name, channel] = firstTwoWords(bytes, start);
  if (fanOut === undefined || client.isInTransaction || name === undefined || channel === undefined) return null;
  const command = name.toLowerCase();
  if (command === "pubsub") return null;
  const kind = command === "publish" ? "subscribe" : "ssubscribe";
  return { rewrite: (reply) => recount(reply, (count) => fanOut.receivers(kind, channel, count)) };
}

/** PUBSUB NUMSUB and SHARDNUMSUB. */
function recountingEach(client: ClientConnection, request: Request): ReplyRewrite | null {
  const fanOut = client.cache?.fanOut;
  const [, subcommand, ...channels] = wordsOf(request);
  const name = subcommand?.toString("latin1").toLowerCase();
  if (fanOut === undefined || client.isInTransaction || (name !== "numsub" && name !== "shardnumsub")) return null;
  const kind = name === "numsub" ? "subscribe" : "ssubscribe";
  return { rewrite: (reply) => recountEach(fanOut, kind, channels, reply) };
}

/** One character a byte. */
function firstTwoWords(bytes: Buffer, start: number): string[] {
  const words: string[] = [];
  let position = bytes.indexOf(LF, start) + 1;
  for (let index = 0; index < 2; index++) {
    const lineEnd = bytes.indexOf(LF, position) + 1;
    const end = lineEnd + Number(bytes.toString("latin1", position + 1, lineEnd - 2));
    if (lineEnd === 0 || end + 2 > bytes.length) return [];
    words.push(bytes.toString("latin1", lineEnd, end));
    position = end + 2;
  }
  return words;
}

/** Anything but a number is an error, or QUEUED. */
function recount(reply: Buffer, count: (counted: number) => number): Buffer {
  if (reply[0] !== COLON) return reply;
  return Buffer.from(`:${count(Number(reply.toString("latin1", 1)))}\r\n`);
}

/** A list of names, each followed by its count. The names are those that were asked for. */
function recountEach(
  fanOut: FanOut,
  kind: "subscribe" | "ssubscribe",
  channels: readonly Buffer[],
  reply: Buffer,
): Buffer {
  const counts = decodeReply(reply, 0)?.value;
  if (!Array.isArray(counts) || counts.length !== channels.length * 2) return reply;
  const parts = channels.map((channel, index) => {
    const name = channel.toString("latin1");
    const count = fanOut.subscribers(kind, name, Number(counts[index * 2 + 1]));
    return `$${name.length}\r\n${name}\r\n${encodeReply(count, 2)}`;
  });
  return Buffer.from(`*${counts.length}\r\n${parts.join("")}`, "latin1");
}
