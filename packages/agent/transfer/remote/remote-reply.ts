/** Whole RESP2 replies with their bulk strings as bytes: what a foreign server says of its data is not text. Not for its stream. */
import { sourceLost } from "./remote-socket.ts";

export type RemoteReply = Buffer | number | null | RemoteReply[] | RemoteError;

/** An error reply, as a value. */
export class RemoteError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }

  /** "ERR", "NOPERM", … */
  get code(): string {
    return this.message.split(" ", 1)[0] ?? "";
  }
}

const CR = 13;

/** The reply that `bytes` is, whole. Throws SourceLost for what no server sends to such questions. */
export function decodeRemoteReply(bytes: Buffer): RemoteReply {
  return decodeAt(bytes, 0).value;
}

function decodeAt(bytes: Buffer, start: number): { value: RemoteReply; end: number } {
  const lineEnd = bytes.indexOf(CR, start);
  const line = bytes.subarray(start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case "+":
      return { value: line, end };
    case "-":
      return { value: new RemoteError(line.toString("utf8")), end };
    case ":":
      return { value: Number(line.toString("latin1")), end };
    case "$":
      return decodeBulk(bytes, end, Number(line.toString("latin1")));
    case "*":
      return decodeList(bytes, end, Number(line.toString("latin1")));
    default:
      throw sourceLost("what came is no RESP2 reply");
  }
}

function decodeBulk(bytes: Buffer, start: number, length: number): { value: RemoteReply; end: number } {
  if (length < 0) return { value: null, end: start };
  return { value: bytes.subarray(start, start + length), end: start + length + 2 };
}

function decodeList(bytes: Buffer, start: number, count: number): { value: RemoteReply; end: number } {
  if (count < 0) return { value: null, end: start };
  const list: RemoteReply[] = [];
  let position = start;
  for (let index = 0; index < count; index++) {
    const element = decodeAt(bytes, position);
    list.push(element.value);
    position = element.end;
  }
  return { value: list, end: position };
}

/** As text; "" for what has none. */
export function textOf(reply: RemoteReply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString("utf8") : typeof reply === "number" ? String(reply) : "";
}
