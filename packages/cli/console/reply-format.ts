/**
 * Replies as redis-cli prints them (redis-cli.c, cliFormatReplyTTY and cliFormatReplyRaw): quoted, typed and numbered for
 * a person; bare for a pipe.
 */
import type { Reply } from "./reply.ts";

const emptyText = { array: "(empty array)", map: "(empty hash)", set: "(empty set)", push: "(empty push)" } as const;
const separator = { array: ")", push: ")", set: "~", map: "#" } as const;

export type ReplyStyle = "terminal" | "pipe" | "json";

/** The reply to one command, whole, with the newline that ends it. `isPlain`: see plain-report.ts. */
export function formatReply(reply: Reply, style: ReplyStyle, isPlain = false): string | Buffer {
  if (style === "json") return `${JSON.stringify(replyToJson(reply))}\n`;
  if (isPlain && "bytes" in reply) return reply.bytes;
  if (style === "terminal") return formatForTerminal(reply);
  return Buffer.concat([formatForPipe(reply), Buffer.from("\n")]);
}

/** For a terminal. Ends with a newline. */
export function formatForTerminal(reply: Reply, prefix = ""): string {
  switch (reply.kind) {
    case "status":
      return `${reply.text}\n`;
    case "error":
      return `(error) ${reply.text}\n`;
    case "integer":
      return `(integer) ${reply.text}\n`;
    case "double":
      return `(double) ${reply.text}\n`;
    case "big-number":
      return `${reply.text}\n`;
    case "boolean":
      return reply.value ? "(true)\n" : "(false)\n";
    case "null":
      return "(nil)\n";
    case "string":
      return `${quote(reply.bytes)}\n`;
    case "verbatim":
      return `${reply.bytes.toString()}\n`;
    default:
      return formatAggregate(reply, prefix);
  }
}

function formatAggregate(reply: Extract<Reply, { items: Reply[] }>, prefix: string): string {
  if (reply.items.length === 0) return `${emptyText[reply.kind]}\n`;
  const step = reply.kind === "map" ? 2 : 1;
  const indexWidth = String(reply.items.length / step).length;
  const inner = prefix + " ".repeat(indexWidth + 2);
  let text = "";
  for (let index = 0; index < reply.items.length; index += step) {
    const number = String(index / step + 1).padStart(indexWidth);
    // The line of the first element already carries the prefix: its parent wrote its own number there.
    text += `${index === 0 ? "" : prefix}${number}${separator[reply.kind]} `;
    text += formatElement(reply, index, inner);
  }
  return text;
}

function formatElement({ kind, items }: Extract<Reply, { items: Reply[] }>, index: number, prefix: string): string {
  const [first, second] = [items[index], items[index + 1]];
  const text = first === undefined ? "" : formatForTerminal(first, prefix);
  if (kind !== "map" || second === undefined) return text;
  const value = formatForTerminal(second, prefix);
  const isTall = "items" in second && value.indexOf("\n") < value.length - 1;
  return `${text.slice(0, -1)} => ${isTall ? `\n${prefix}` : ""}${value}`;
}

/** For a pipe: the bytes as they are. Does not end with a newline, but for errors. */
export function formatForPipe(reply: Reply): Buffer {
  switch (reply.kind) {
    case "null":
      return Buffer.alloc(0);
    case "boolean":
      return Buffer.from(reply.value ? "(true)" : "(false)");
    case "error":
      return Buffer.from(`${reply.text}\n`);
    case "string":
    case "verbatim":
      return reply.bytes;
    case "status":
    case "integer":
    case "double":
    case "big-number":
      return Buffer.from(reply.text);
    default:
      return joinBytes(reply);
  }
}

function joinBytes({ kind, items }: Extract<Reply, { items: Reply[] }>): Buffer {
  const parts: Buffer[] = [];
  for (const [index, item] of items.entries()) {
    if (index > 0) parts.push(Buffer.from(kind === "map" && index % 2 === 1 ? " " : "\n"));
    parts.push(formatForPipe(item));
  }
  return Buffer.concat(parts);
}

const escapes = new Map<number, string>([
  [0x5c, "\\\\"],
  [0x22, '\\"'],
  [0x0a, "\\n"],
  [0x0d, "\\r"],
  [0x09, "\\t"],
  [0x07, "\\a"],
  [0x08, "\\b"],
]);

/** In double quotes; everything that is not printable ASCII is escaped, so that the bytes can be told apart. */
export function quote(bytes: Buffer): string {
  let text = '"';
  for (const byte of bytes) {
    const isPrintable = byte >= 0x20 && byte < 0x7f;
    text += escapes.get(byte) ?? (isPrintable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`);
  }
  return `${text}"`;
}

/** As a JSON value, for scripts. Bytes that are not UTF-8 become replacement characters. */
export function replyToJson(reply: Reply): unknown {
  switch (reply.kind) {
    case "null":
      return null;
    case "boolean":
      return reply.value;
    case "string":
    case "verbatim":
      return reply.bytes.toString();
    case "status":
    case "big-number":
      return reply.text;
    case "error":
      return { error: reply.text };
    case "integer":
    case "double":
      return jsonNumber(reply.text);
    case "map":
      return Object.fromEntries(pairsOf(reply.items).map(([key, value]) => [jsonKey(key), replyToJson(value)]));
    default:
      return reply.items.map(replyToJson);
  }
}

/** JSON has no infinities, and its readers no integers past 2^53: those stay text. */
function jsonNumber(text: string): number | string {
  const value = Number(text);
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)) ? value : text;
}

function jsonKey(reply: Reply): string {
  const value = replyToJson(reply);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function pairsOf(items: Reply[]): [Reply, Reply][] {
  const pairs: [Reply, Reply][] = [];
  for (let index = 0; index + 1 < items.length; index += 2)
    pairs.push([items[index] as Reply, items[index + 1] as Reply]);
  return pairs;
}
