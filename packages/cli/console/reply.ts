/** A reply of RESP2 or RESP3, as the console shows it. Numbers stay text: what the engine wrote is what is printed. */
export type Reply =
  | { kind: "status" | "error" | "integer" | "double" | "big-number"; text: string }
  | { kind: "string" | "verbatim"; bytes: Buffer }
  | { kind: "boolean"; value: boolean }
  | { kind: "null" }
  | { kind: "array" | "set" | "push"; items: Reply[] }
  | { kind: "map"; items: Reply[] };

/** The text of a status or string, for the few replies that the console itself reads. */
export function textOf(reply: Reply | undefined): string | undefined {
  if (reply === undefined) return undefined;
  if ("bytes" in reply) return reply.bytes.toString();
  return "text" in reply ? reply.text : undefined;
}

/** The elements of an aggregate; none for anything else. A map's are its keys and values in turn. */
export function itemsOf(reply: Reply | undefined): Reply[] {
  return reply !== undefined && "items" in reply ? reply.items : [];
}

/** A map of RESP3, or the flat array that stands for it in RESP2, by its keys' text. */
export function fieldsOf(reply: Reply | undefined): Map<string, Reply> {
  const items = itemsOf(reply);
  const fields = new Map<string, Reply>();
  for (let index = 0; index + 1 < items.length; index += 2) {
    const value = items[index + 1];
    if (value !== undefined) fields.set(textOf(items[index]) ?? "", value);
  }
  return fields;
}
