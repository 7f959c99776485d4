/**
 * A message as it is in the server: a header of JSON, a line feed, and the payload as JSON. Scripts read and write the header and
 * pass the payload on as it is.
 */
export interface Header {
  /** Id. */
  i: string;
  /** When it was added, by the server's clock. Written by the server, first in the header. */
  t: number;
  /** Level, where it is not the normal one. */
  l?: number;
  /** Key. */
  k?: string;
  /** Deliveries that failed or were lost since it was added or came back from the dead letters. */
  a?: number;
  /** Deliveries that have ended, of any kind, ever. */
  d?: number;
  /** Deliveries whose consumer was lost. */
  x?: number;
  /** When and why the last ones failed. */
  h?: [number, string][];
}

export type Priority = "high" | "normal" | "low";
export const levelOf = { high: 2, normal: 3, low: 4 } as const;

/** Without the opening that the server writes: `{"t":…,`. */
export function encodeMessage(
  header: { id: string; level: number; key?: string | undefined },
  payload: string,
): string {
  const level = header.level === levelOf.normal ? "" : `,"l":${header.level}`;
  const key = header.key === undefined ? "" : `,"k":${JSON.stringify(header.key)}`;
  return `"i":${JSON.stringify(header.id)}${level}${key}}\n${payload}`;
}

/** Throws a SyntaxError for what is no message. */
export function decodeMessage(message: string): { header: Header; payload: unknown } {
  const header = decodeHeader(message);
  return { header, payload: JSON.parse(message.slice(message.indexOf("\n") + 1)) };
}

/** Throws a SyntaxError where there is none. */
export function decodeHeader(message: string): Header {
  const header = JSON.parse(message.slice(0, Math.max(0, message.indexOf("\n")))) as Header | null;
  const { i, t, k, a = 0, d = 0, h = [] } = header ?? ({} as Partial<Header>);
  const isOne =
    [i, k ?? ""].every((text) => typeof text === "string") &&
    [t, a, d].every((count) => typeof count === "number") &&
    Array.isArray(h);
  if (header === null || !isOne) throw new SyntaxError("This is no message of a queue.");
  return header;
}
