/** Headers of a response as they are kept: in order, names in lower case, a name as often as it was sent. */

export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Of one connection and not of the page (RFC 9110, 7.6.1); and what is computed anew for each answer. */
const ofOneAnswer = new Set([
  "age",
  "connection",
  "content-length",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** All values of a header as one, or undefined. */
export function headerOf(headers: HeaderList, name: string): string | undefined {
  const values = headers.filter(([each]) => each === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(", ");
}

/** The names or tokens in a header that is a list. */
export function tokensOf(header: string | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== "");
}

/** Without what is not of the page, also as its Connection header names it. */
export function pageHeaders(headers: HeaderList): HeaderList {
  const named = new Set(tokensOf(headerOf(headers, "connection")));
  return headers.filter(([name]) => !ofOneAnswer.has(name) && !named.has(name));
}

export function withHeader(headers: HeaderList, name: string, value: string): HeaderList {
  return [...headers.filter(([each]) => each !== name), [name, value]];
}
