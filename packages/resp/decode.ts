/**
 * Whole replies as values, for the few that our own programs read (AUTH, INFO, COMMAND). Not for the data path.
 */
export type Reply = string | number | boolean | null | Reply[] | ReplyError;

export class ReplyError extends Error {}

interface Decoded {
  value: Reply;
  end: number;
}

/** No answer that we ask for nests so far. */
const depthMax = 64;
/** The longest line and bulk that we ask for are far shorter. */
const lineBytesMax = 64 * 1024;
const bulkBytesMax = 64 * 1024 * 1024;

/**
 * The reply at `start` and the offset after it; undefined while it is not whole. Maps come as flat lists of pairs,
 * attributes are passed over. Throws ReplyError where the bytes are not RESP, or nothing that we ask for.
 */
export function decodeReply(bytes: Buffer, start: number): Decoded | undefined {
  return decodeAt(bytes, start, 0);
}

function decodeAt(bytes: Buffer, start: number, depth: number): Decoded | undefined {
  const newline = start < bytes.length ? bytes.indexOf(10, start) : -1;
  if (newline < 0) {
    if (bytes.length - start > lineBytesMax) throw new ReplyError("a line without end");
    return undefined;
  }
  if (bytes[newline - 1] !== 13 || newline - 1 === start) throw new ReplyError("a line that does not end in CR LF");
  if (depth > depthMax) throw new ReplyError(`nested deeper than ${depthMax}`);
  const line = bytes.toString("utf8", start + 1, newline - 1);
  const end = newline + 1;
  const type = String.fromCharCode(bytes[start] as number);
  switch (type) {
    case "+":
    case "(":
      return { value: line, end };
    case "-":
      return { value: new ReplyError(line), end };
    case ":":
    case ",":
      return { value: Number(line), end };
    case "#":
      return { value: line === "t", end };
    case "_":
      return { value: null, end };
    case "$":
    case "=":
    case "!":
      return decodeBulk(bytes, end, parseLength(line), type);
    case "*":
    case "~":
    case ">":
      return decodeList(bytes, end, parseLength(line), depth);
    case "%":
      return decodeList(bytes, end, 2 * parseLength(line), depth);
    case "|":
      return decodeAfterAttributes(bytes, end, 2 * parseLength(line), depth);
    default:
      throw new ReplyError(`not a reply: it begins with byte ${bytes[start]}`);
  }
}

function parseLength(line: string): number {
  if (!/^(-1|\d{1,10})$/.test(line)) throw new ReplyError("a length that is none");
  return Number(line);
}

function decodeBulk(bytes: Buffer, start: number, length: number, type: string): Decoded | undefined {
  if (length < 0) return { value: null, end: start };
  if (length > bulkBytesMax) throw new ReplyError(`a bulk of ${length} bytes`);
  const end = start + length + 2;
  if (bytes.length < end) return undefined;
  if (bytes[end - 2] !== 13 || bytes[end - 1] !== 10) throw new ReplyError("a bulk that does not end in CR LF");
  const text = bytes.toString("utf8", start, start + length);
  if (type === "!") return { value: new ReplyError(text), end };
  return { value: type === "=" ? text.slice(4) : text, end };
}

function decodeList(bytes: Buffer, start: number, count: number, depth: number): Decoded | undefined {
  if (count < 0) return { value: null, end: start };
  const list: Reply[] = [];
  let position = start;
  for (let index = 0; index < count; index++) {
    const element = decodeAt(bytes, position, depth + 1);
    if (element === undefined) return undefined;
    list.push(element.value);
    position = element.end;
  }
  return { value: list, end: position };
}

function decodeAfterAttributes(bytes: Buffer, start: number, count: number, depth: number): Decoded | undefined {
  const attributes = decodeList(bytes, start, count, depth);
  return attributes === undefined ? undefined : decodeAt(bytes, attributes.end, depth + 1);
}
