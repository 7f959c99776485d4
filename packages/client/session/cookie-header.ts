/** Finds cookies in what a browser sends, without cutting the whole header into pieces. */

const [semicolon, equalsSign, quote, space, tab] = [0x3b, 0x3d, 0x22, 0x20, 0x09];

/**
 * The values of the cookies of this name, in their order and at most `countMax`; without the spaces around them, and without quotes.
 * `name` is a cookie's name: it holds no space, semicolon or equals sign.
 */
export function cookieValues(header: string, name: string, countMax: number): string[] {
  const values: string[] = [];
  for (let at = header.indexOf(name); at >= 0; at = header.indexOf(name, at)) {
    const begins = isFirstOfPair(header, at);
    at = afterSpaces(header, at + name.length);
    if (!begins || header.charCodeAt(at) !== equalsSign) continue;
    const end = header.indexOf(";", at);
    const value = valueBetween(header, at + 1, end < 0 ? header.length : end);
    if (values.push(value) === countMax || end < 0) break;
    at = end;
  }
  return values;
}

/** Whether nothing but spaces is between the pair's start and `at`. */
function isFirstOfPair(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isSpace(header, before)) before--;
  return before < 0 || header.charCodeAt(before) === semicolon;
}

function afterSpaces(header: string, start: number): number {
  let at = start;
  while (isSpace(header, at)) at++;
  return at;
}

function isSpace(header: string, at: number): boolean {
  const code = header.charCodeAt(at);
  return code === space || code === tab;
}

function valueBetween(header: string, from: number, to: number): string {
  const start = afterSpaces(header, from);
  let end = to;
  while (end > start && isSpace(header, end - 1)) end--;
  const isQuoted = end - start > 1 && header.charCodeAt(start) === quote && header.charCodeAt(end - 1) === quote;
  return isQuoted ? header.slice(start + 1, end - 1) : header.slice(start, end);
}
