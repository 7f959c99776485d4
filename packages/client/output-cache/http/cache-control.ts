/** The directives of a Cache-Control header (RFC 9111, 5.2). Of a directive that is given twice, the first counts. */

export type Directives = ReadonlyMap<string, string>;

const directive = /([!#$%&'*+.^_`|~0-9a-z-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*)))?/gi;

export function parseCacheControl(header: string | undefined): Directives {
  const directives = new Map<string, string>();
  for (const [, name = "", quoted, token] of (header ?? "").matchAll(directive)) {
    const key = name.toLowerCase();
    if (!directives.has(key)) directives.set(key, quoted ?? token ?? "");
  }
  return directives;
}

/** Of a directive in seconds; undefined where there is none. What is no number of seconds counts as 0, which is never too long. */
export function directiveMs(directives: Directives, name: string): number | undefined {
  const value = directives.get(name);
  if (value === undefined) return undefined;
  return /^\d+$/.test(value) ? Math.min(Number(value), secondsMax) * 1_000 : 0;
}

/** The largest that RFC 9111, 1.2.2 asks a cache to know. */
const secondsMax = 2 ** 31;
