/**
 * PUBLISH, SPUBLISH and PUBSUB, while clients of this worker are subscribed: the engine's counts are put right, as it knows
 * one subscriber where there may be many. In a transaction and in Lua they stay the engine's.
 */
import { decodeReply, encodeReply } from "@larder/resp";
import type { ClientConnection } from "./client-connection.ts";
import type { FanOut } from "./fan-out.ts";
import { forward } from "./forward.ts";
import type { ReplyRewrite } from "./reply-treatment.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";

/** For a request that has not wholly arrived. Where the channel has not, the count stays the engine's. */
export function recountLarge(client: ClientConnection, bytes: Buffer, start: number): ReplyRewrite | null {
  const rewrite = client.isInTransaction ? null : rewriteFor(client, firstTwoWords(bytes, start));
  return rewrite === null ? null : { rewrite };
}

function firstTwoWords(bytes: Buffer, start: number): Buffer[] {
  const words: Buffer[] = [];
  let position = bytes.indexOf(LF, start) + 1;
  for (let index = 0; index < 2; index++) {
    const lineEnd = bytes.indexOf(LF, position) + 1;
    const end = lineEnd + Number(bytes.toString("latin1", position + 1, lineEnd - 2));
    if (lineEnd === 0 || end + 2 > bytes.length) return [];
    words.push(bytes.subarray(lineEnd, end));
    position = end + 2;
  }
  return words;
}

const LF = 10;
const COLON = 58;

type Rewrite = (reply: Buffer) => Buffer;

export function publish(client: ClientConnection, request: Request): Outcome {
  const isUnseen = client.isInTransaction || client.isMuted || client.skipsNext;
  const rewrite = isUnseen ? null : rewriteFor(client, wordsOf(request));
  return forward(client, request, rewrite === null ? null : { rewrite });
}

function rewriteFor(client: ClientConnection, words: readonly Buffer[]): Rewrite | null {
  const fanOut = client.cache?.fanOut;
  const [name, first] = words.slice(0, 2).map((word) => word.toString("latin1"));
  if (fanOut === undefined || name === undefined || first === undefined) return null;
  switch (name.toLowerCase()) {
    case "publish":
      return (reply) => recount(reply, (count) => fanOut.receivers("subscribe", first, count));
    case "spublish":
      return (reply) => recount(reply, (count) => fanOut.receivers("ssubscribe", first, count));
    case "pubsub":
      return rewritePubsub(fanOut, first.toLowerCase(), words.slice(2));
    default:
      return null;
  }
}

function rewritePubsub(fanOut: FanOut, subcommand: string, channels: readonly Buffer[]): Rewrite | null {
  if (subcommand === "numsub") return (reply) => recountEach(fanOut, "subscribe", channels, reply);
  if (subcommand === "shardnumsub") return (reply) => recountEach(fanOut, "ssubscribe", channels, reply);
  return null;
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
