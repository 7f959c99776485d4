/**
 * RESP2 and RESP3 replies out of a stream of bytes, however it is cut. Holds what has not become a reply yet, so that no
 * byte is read twice. Attributes are dropped. Throws on what is not RESP; the connection is then of no more use.
 */
import type { Reply } from "./reply.ts";

/** An aggregate that still lacks elements. */
interface Frame {
  kind: "array" | "set" | "push" | "map" | "attribute";
  missing: number;
  items: Reply[];
}

const emptyBytes: Buffer = Buffer.alloc(0);
const carriageReturn = 0x0d;
/** No line of a reply is longer; statuses and errors are the longest. */
const lineBytesMax = 64 * 1024;

export class ReplyDecoder {
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  /** Nothing can be decoded before this many bytes are there. */
  #neededBytes = 1;
  #bytes: Buffer = emptyBytes;
  #offset = 0;
  #frames: Frame[] = [];

  /** Takes the next bytes and returns the replies that they complete. */
  push(chunk: Buffer): Reply[] {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    if (this.#chunkBytes < this.#neededBytes) return [];
    this.#bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#offset = 0;
    const replies = this.#decodeAll();
    const rest = this.#bytes.subarray(this.#offset);
    this.#neededBytes = Math.max(rest.length + 1, this.#neededBytes - this.#offset);
    this.#bytes = emptyBytes;
    this.#chunks = [rest];
    this.#chunkBytes = rest.length;
    return replies;
  }

  #decodeAll(): Reply[] {
    const replies: Reply[] = [];
    for (;;) {
      this.#neededBytes = 0;
      const scalar = this.#decodeNext();
      if (scalar === "incomplete") return replies;
      const whole = scalar === "opened" ? this.#closeFrames(undefined) : this.#closeFrames(scalar);
      if (whole !== undefined) replies.push(whole);
    }
  }

  /** Puts a finished reply into the aggregate that waits for it, and closes those that it completes. */
  #closeFrames(finished: Reply | undefined): Reply | undefined {
    let reply = finished;
    for (;;) {
      const frame = this.#frames.at(-1);
      if (frame === undefined) return reply;
      if (reply !== undefined) {
        frame.items.push(reply);
        frame.missing--;
      }
      if (frame.missing > 0) return undefined;
      this.#frames.pop();
      reply = frame.kind === "attribute" ? undefined : { kind: frame.kind, items: frame.items };
      if (reply === undefined) return undefined;
    }
  }

  #decodeNext(): Reply | "opened" | "incomplete" {
    const start = this.#offset;
    const line = this.#readLine();
    if (line === undefined) return "incomplete";
    const [type, text] = [line.charAt(0), line.slice(1)];
    switch (type) {
      case "+":
        return { kind: "status", text };
      case "-":
        return { kind: "error", text };
      case ":":
        return { kind: "integer", text };
      case ",":
        return { kind: "double", text };
      case "(":
        return { kind: "big-number", text };
      case "#":
        return { kind: "boolean", value: text === "t" };
      case "_":
        return { kind: "null" };
      case "$":
      case "=":
      case "!":
        return this.#readBulk(type, parseLength(text), start);
      case "*":
        return this.#open("array", parseLength(text));
      case "~":
        return this.#open("set", parseLength(text));
      case ">":
        return this.#open("push", parseLength(text));
      case "%":
        return this.#open("map", 2 * parseLength(text));
      case "|":
        return this.#open("attribute", 2 * parseLength(text));
      default:
        throw new Error("the server does not speak RESP");
    }
  }

  #open(kind: Frame["kind"], count: number): Reply | "opened" {
    if (count < 0) return { kind: "null" };
    this.#frames.push({ kind, missing: count, items: [] });
    return "opened";
  }

  #readBulk(type: string, length: number, start: number): Reply | "incomplete" {
    if (length < 0) return { kind: "null" };
    const end = this.#offset + length;
    if (this.#bytes.length < end + 2) {
      this.#neededBytes = end + 2;
      this.#offset = start;
      return "incomplete";
    }
    const bytes = Buffer.from(this.#bytes.subarray(this.#offset, end));
    this.#offset = end + 2;
    if (type === "!") return { kind: "error", text: bytes.toString() };
    return type === "=" ? { kind: "verbatim", bytes: bytes.subarray("txt:".length) } : { kind: "string", bytes };
  }

  #readLine(): string | undefined {
    const end = this.#bytes.indexOf(carriageReturn, this.#offset);
    if (end === -1 && this.#bytes.length - this.#offset > lineBytesMax)
      throw new Error("the server does not speak RESP");
    if (end === -1 || end + 1 >= this.#bytes.length) return undefined;
    const line = this.#bytes.toString("utf8", this.#offset, end);
    this.#offset = end + 2;
    return line;
  }
}

function parseLength(text: string): number {
  if (!/^(?:-1|\d{1,10})$/.test(text)) throw new Error("the server does not speak RESP");
  return Number(text);
}
