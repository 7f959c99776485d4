/**
 * Whole replies as values, for the few that our own programs read (AUTH, INFO, COMMAND). Not for the data path.
 */
export type Reply = string | number | boolean | null | Reply[] | ReplyError;

export class ReplyError extends Error {}

/** The reply at `start` and the offset after it; undefined while it is not whole. Maps come as flat lists of pairs. */
export function decodeReply(bytes: Buffer, start: number): { value: Reply; end: number } | undefined {
  const newline = start < bytes.length ? bytes.indexOf(10, start) : -1;
  if (newline < 0) return undefined;
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
      return decodeBulk(bytes, end, Number(line), type);
    case "*":
    case "~":
    case ">":
      return decodeList(bytes, end, Number(line));
    case "%":
      return decodeList(bytes, end, 2 * Number(line));
    default:
      throw new ReplyError(`not a reply: it begins with byte ${bytes[start]}`);
  }
}

function decodeBulk(
  bytes: Buffer,
  start: number,
  length: number,
  type: string,
): { value: Reply; end: number } | undefined {
  if (length < 0) return { value: null, end: start };
  if (bytes.length < start + length + 2) return undefined;
  const text = bytes.toString("utf8", start, start + length);
  const end = start + length + 2;
  if (type === "!") return { value: new ReplyError(text), end };
  return { value: type === "=" ? text.slice(4) : text, end };
}

function decodeList(bytes: Buffer, start: number, count: number): { value: Reply; end: number } | undefined {
  if (count < 0) return { value: null, end: start };
  const list: Reply[] = [];
  let position = start;
  for (let index = 0; index < count; index++) {
    const element = decodeReply(bytes, position);
    if (element === undefined) return undefined;
    list.push(element.value);
    position = element.end;
  }
  return { value: list, end: position };
}
