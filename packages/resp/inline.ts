/**
 * Inline commands: one line, words parted by spaces, with the quoting of redis-cli: "…" takes \n \r \t \b \a \xHH and
 * \-escapes, '…' takes only \'. A closing quote must be followed by a space or the end (Valkey, sdssplitargs).
 */
const named: Record<string, number> = { n: 10, r: 13, t: 9, b: 8, a: 7 };

/** The words of the line, or undefined when its quotes do not balance. */
export function parseInline(line: Buffer): Buffer[] | undefined {
  const words: Buffer[] = [];
  let position = 0;
  for (;;) {
    while (position < line.length && isSpace(line[position] as number)) position++;
    if (position >= line.length) return words;
    const word = parseWord(line, position);
    if (word === undefined) return undefined;
    words.push(word.bytes);
    position = word.end;
  }
}

function parseWord(line: Buffer, start: number): { bytes: Buffer; end: number } | undefined {
  const bytes: number[] = [];
  let position = start;
  while (position < line.length && !isSpace(line[position] as number)) {
    const byte = line[position] as number;
    if (byte === 0x22 || byte === 0x27) {
      const end =
        byte === 0x22 ? readDoubleQuoted(line, position + 1, bytes) : readSingleQuoted(line, position + 1, bytes);
      if (end === undefined) return undefined;
      if (end < line.length && !isSpace(line[end] as number)) return undefined;
      return { bytes: Buffer.from(bytes), end };
    }
    bytes.push(byte);
    position++;
  }
  return { bytes: Buffer.from(bytes), end: position };
}

/** Appends the unquoted bytes and returns the offset after the closing quote, or undefined without one. */
function readDoubleQuoted(line: Buffer, start: number, into: number[]): number | undefined {
  for (let position = start; position < line.length; position++) {
    const byte = line[position] as number;
    if (byte === 0x22) return position + 1;
    if (byte !== 0x5c || position + 1 >= line.length) {
      into.push(byte);
      continue;
    }
    const hex = /^x([0-9a-f]{2})/i.exec(line.toString("latin1", position + 1, position + 4));
    if (hex) {
      into.push(Number.parseInt(hex[1] as string, 16));
      position += 3;
    } else {
      const escaped = line[position + 1] as number;
      into.push(named[String.fromCharCode(escaped)] ?? escaped);
      position++;
    }
  }
  return undefined;
}

function readSingleQuoted(line: Buffer, start: number, into: number[]): number | undefined {
  for (let position = start; position < line.length; position++) {
    const byte = line[position] as number;
    if (byte === 0x27) return position + 1;
    if (byte === 0x5c && line[position + 1] === 0x27) position++;
    into.push(line[position] as number);
  }
  return undefined;
}

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13) || byte === 0;
}
