/**
 * What an output cache keeps, as bytes:
 *
 *   0  1  kind: 1 page, 2 varies or pass, 3 text (a fragment), 4 bytes (a body in a coding)
 *   1     of a page: 4 bytes of length of the head, the head as JSON, the body
 *         else the value
 */
import type { Serializer } from "../cache/serializer.ts";
import type { Page, Stored } from "./page.ts";

export type CachedValue = Stored | string | Uint8Array;

const kinds = { page: 1, marker: 2, text: 3, bytes: 4 } as const;

export const pageSerializer: Serializer = {
  id: 16,
  encode(value) {
    const cached = value as CachedValue;
    if (typeof cached === "string") return ofKind(kinds.text, Buffer.from(cached));
    if (cached instanceof Uint8Array) return ofKind(kinds.bytes, cached);
    if (cached.kind !== "page") return ofKind(kinds.marker, Buffer.from(JSON.stringify(cached)));
    const { body, ...head } = cached;
    const headBytes = Buffer.from(JSON.stringify(head));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(headBytes.length);
    return ofKind(kinds.page, length, headBytes, body);
  },
  decode(bytes): CachedValue {
    const rest = bytes.subarray(1);
    switch (bytes[0]) {
      case kinds.text:
        return rest.toString();
      case kinds.bytes:
        return rest;
      case kinds.marker:
        return parseMarker(JSON.parse(rest.toString()));
      case kinds.page:
        return decodePage(rest);
      default:
        throw new TypeError("no value of an output cache");
    }
  },
};

function ofKind(kind: number, ...parts: Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(kind), ...parts]);
}

function decodePage(bytes: Buffer): Page {
  const end = 4 + bytes.readUInt32BE(0);
  if (end > bytes.length) throw new TypeError("the head of a page is cut off");
  const head = JSON.parse(bytes.toString("utf8", 4, end)) as Omit<Page, "body">;
  if (head.kind !== "page" || typeof head.status !== "number" || !Array.isArray(head.headers))
    throw new TypeError("no head of a page");
  return { ...head, body: bytes.subarray(end) };
}

function parseMarker(value: Stored): Stored {
  const isMarker = value.kind === "varies" ? Array.isArray(value.on) : value.kind === "pass";
  if (!isMarker) throw new TypeError("no mark of an output cache");
  return value;
}
