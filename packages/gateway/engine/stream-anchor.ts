/**
 * What "the newest entry" means in an XREAD that waits in an engine and has to be asked anew elsewhere. There `$` would be
 * read again, and an entry added meanwhile would be lost; so the entry's id takes its place. It is the one that the stream
 * has now: had any come since the command began, the engine would have answered it. `+` (of newer engines) waits only
 * where there was no entry, which is the same.
 */
import { collectArguments, encodeRequest, type Reply, ReplyError } from "@larder/resp";

type Ask = (words: readonly (string | Buffer)[]) => Promise<Reply | undefined>;

/** An id that is to be replaced: argument `index`, of the stream `key`. */
interface NewestId {
  index: number;
  key: Buffer;
}

/** The request with ids in the place of `$` and `+`. Those that the engine does not tell stay. */
export async function anchorToNewest(request: Buffer, ask: Ask, database: number): Promise<Buffer> {
  const words = collectArguments(request, 0);
  const wanted = newestIds(words);
  if (wanted.length === 0) return request;
  // Sent as one: nothing comes between them on the connection.
  const answers = [["Select", String(database)], ...wanted.map(({ key }) => ["Xinfo", "STREAM", key]), ["Select", "0"]];
  const replies = await Promise.all(answers.map(ask));
  wanted.forEach(({ index }, at) => {
    words[index] = lastIdOf(replies[at + 1]) ?? (words[index] as Buffer);
  });
  return encodeRequest(words);
}

/** Only XREAD has them: a group of consumers has a place of its own in the stream. */
export function newestIds(words: readonly Buffer[]): NewestId[] {
  const texts = words.map((word) => word.toString("latin1").toLowerCase());
  if (texts[0] !== "xread") return [];
  let first = 1;
  while (texts[first] === "count" || texts[first] === "block") first += 2;
  if (texts[first] !== "streams") return [];
  first++;
  const count = (words.length - first) / 2;
  return words
    .slice(first, first + count)
    .map((key, at) => ({ key, index: first + count + at }))
    .filter(({ index }) => texts[index] === "$" || texts[index] === "+");
}

function lastIdOf(reply: Reply | undefined): Buffer | undefined {
  if (reply instanceof ReplyError) return reply.message.includes("no such key") ? Buffer.from("0-0") : undefined;
  if (!Array.isArray(reply)) return undefined;
  const id = reply[reply.indexOf("last-generated-id") + 1];
  return typeof id === "string" ? Buffer.from(id) : undefined;
}
