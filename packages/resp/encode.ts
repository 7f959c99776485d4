/** Requests and replies as bytes, for what the gateway says itself. Not for the data path. */

/** A request: an array of bulk strings. */
export function encodeRequest(words: readonly (string | Uint8Array)[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = typeof word === "string" ? Buffer.from(word) : word;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}

export type Protocol = 2 | 3;
export type ReplyValue = string | number | null | ReplyValue[] | { map: [string, ReplyValue][] } | { status: string };

/** A reply in the client's protocol: strings are bulks, and a map is a flat array in RESP2. */
export function encodeReply(value: ReplyValue, protocol: Protocol): string {
  if (value === null) return protocol === 3 ? "_\r\n" : "$-1\r\n";
  if (typeof value === "number") return `:${value}\r\n`;
  if (typeof value === "string") return `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
  if (Array.isArray(value)) return `*${value.length}\r\n${value.map((each) => encodeReply(each, protocol)).join("")}`;
  if ("status" in value) return `+${value.status}\r\n`;
  const pairs = value.map.map(([key, each]) => encodeReply(key, protocol) + encodeReply(each, protocol)).join("");
  return protocol === 3 ? `%${value.map.length}\r\n${pairs}` : `*${value.map.length * 2}\r\n${pairs}`;
}

/** An error reply. Line breaks would end it early, so they become spaces. */
export function encodeError(text: string): string {
  return `-${text.replace(/[\r\n]+/g, " ")}\r\n`;
}
