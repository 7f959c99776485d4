/**
 * Replies of RESP2, decoded whole, for the agent's own few questions. It is not the gateway's codec: it makes strings
 * and arrays, and takes only what an engine says to commands of the agent.
 */
export type Reply = string | number | null | Reply[] | EngineRefusal;

/** An error reply. A value, as one command's refusal says nothing about the connection. */
export class EngineRefusal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const incomplete = Symbol("incomplete");

export class ReplyDecoder {
  #pending: Buffer = Buffer.alloc(0);
  #offset = 0;

  /** Takes the bytes and returns the replies that are now whole. Throws on what is not RESP2. */
  push(bytes: Buffer): Reply[] {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    const replies: Reply[] = [];
    let consumed = 0;
    for (;;) {
      this.#offset = consumed;
      const reply = this.#decode();
      if (reply === incomplete) break;
      consumed = this.#offset;
      replies.push(reply);
    }
    this.#pending = this.#pending.subarray(consumed);
    return replies;
  }

  #decode(): Reply | typeof incomplete {
    const line = this.#line();
    if (line === undefined) return incomplete;
    const rest = line.slice(1);
    switch (line[0]) {
      case "+":
        return rest;
      case "-":
        return new EngineRefusal(rest);
      case ":":
        return Number(rest);
      case "$":
        return this.#bulk(Number(rest));
      case "*":
        return this.#array(Number(rest));
      default:
        throw new Error("not a RESP2 reply");
    }
  }

  #line(): string | undefined {
    const end = this.#pending.indexOf("\r\n", this.#offset, "latin1");
    if (end < 0) return undefined;
    const line = this.#pending.toString("utf8", this.#offset, end);
    this.#offset = end + 2;
    return line;
  }

  #bulk(length: number): Reply | typeof incomplete {
    if (length < 0) return null;
    const end = this.#offset + length;
    if (this.#pending.length < end + 2) return incomplete;
    const text = this.#pending.toString("utf8", this.#offset, end);
    this.#offset = end + 2;
    return text;
  }

  #array(length: number): Reply | typeof incomplete {
    if (length < 0) return null;
    const items: Reply[] = [];
    for (let index = 0; index < length; index++) {
      const item = this.#decode();
      if (item === incomplete) return incomplete;
      items.push(item);
    }
    return items;
  }
}
