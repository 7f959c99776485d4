/**
 * A typed line → the arguments of a command, by redis-cli's rules (sds.c, sdssplitargs): words apart by white space;
 * "double quotes" with \n \r \t \b \a \xHH and \any; 'single quotes' with \' only; a closing quote ends its word.
 */
const escapes: Record<string, number> = { n: 0x0a, r: 0x0d, t: 0x09, b: 0x08, a: 0x07 };

/** Undefined when quotes do not match up. */
export function splitLine(line: string): Buffer[] | undefined {
  const args: Buffer[] = [];
  let rest = line.trimStart();
  while (rest !== "") {
    const word = readWord(rest);
    if (word === undefined) return undefined;
    args.push(Buffer.concat(word.parts));
    rest = rest.slice(word.length).trimStart();
  }
  return args;
}

interface Word {
  parts: Buffer[];
  /** In characters of the line. */
  length: number;
}

function readWord(text: string): Word | undefined {
  const parts: Buffer[] = [];
  let index = 0;
  while (index < text.length && !isSpace(text.charAt(index))) {
    const character = text.charAt(index);
    if (character !== '"' && character !== "'") {
      const plain = /^[^\s"']+/.exec(text.slice(index))?.[0] ?? character;
      parts.push(Buffer.from(plain));
      index += plain.length;
      continue;
    }
    const quoted = character === '"' ? readDoubleQuoted(text, index + 1) : readSingleQuoted(text, index + 1);
    if (quoted === undefined) return undefined;
    parts.push(...quoted.parts);
    index += 1 + quoted.length;
    if (index < text.length && !isSpace(text.charAt(index))) return undefined;
  }
  return { parts, length: index };
}

/** `start` is past the opening quote; the length includes the closing one. */
function readDoubleQuoted(text: string, start: number): Word | undefined {
  const parts: Buffer[] = [];
  for (let index = start; index < text.length; ) {
    const character = text.charAt(index);
    if (character === '"') return { parts, length: index + 1 - start };
    const hex = /^\\x([0-9a-f]{2})/i.exec(text.slice(index, index + 4))?.[1];
    if (hex !== undefined) {
      parts.push(Buffer.from(hex, "hex"));
      index += 4;
    } else if (character === "\\" && index + 1 < text.length) {
      const escaped = characterAt(text, index + 1);
      parts.push(escaped in escapes ? Buffer.from([escapes[escaped] ?? 0]) : Buffer.from(escaped));
      index += 1 + escaped.length;
    } else {
      const plain = characterAt(text, index);
      parts.push(Buffer.from(plain));
      index += plain.length;
    }
  }
  return undefined;
}

function readSingleQuoted(text: string, start: number): Word | undefined {
  const match = /^((?:\\'|[^'])*)'/.exec(text.slice(start));
  if (match?.[1] === undefined) return undefined;
  return { parts: [Buffer.from(match[1].replaceAll("\\'", "'"))], length: match[0].length };
}

/** Both halves of a surrogate pair. */
function characterAt(text: string, index: number): string {
  return String.fromCodePoint(text.codePointAt(index) ?? 0);
}

function isSpace(character: string): boolean {
  return /\s/.test(character);
}
