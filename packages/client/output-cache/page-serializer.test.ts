import { expect, test } from "bun:test";
import type { Page } from "./page.ts";
import { pageSerializer } from "./page-serializer.ts";

const page: Page = {
  kind: "page",
  status: 200,
  headers: [["content-type", "text/html"]],
  body: Buffer.from([0, 255, 10, 13]),
  digest: "digest",
  storedAtMs: 1,
  freshMs: 2,
  staleWhileRevalidateMs: 3,
  staleIfErrorMs: 4,
  ageMs: 5,
};

test("values come back as they were", () => {
  const values = [
    page,
    { kind: "varies", on: ["a"] },
    { kind: "pass", why: "x", storedAtMs: 1, freshMs: 2 },
    "tëxt",
    "",
    Buffer.of(1),
  ];
  for (const value of values) expect(pageSerializer.decode(pageSerializer.encode(value))).toEqual(value);
});

test("what is cut off or of another kind throws", () => {
  const bytes = pageSerializer.encode(page);
  for (let end = 0; end < bytes.length - page.body.length; end++)
    expect(() => pageSerializer.decode(bytes.subarray(0, end))).toThrow();
  for (const text of ["\x02{}", "\x02[]", '\x02{"kind":"varies"}', "\x02null", "\x09", "\x01\0\0\0\x02{}"])
    expect(() => pageSerializer.decode(Buffer.from(text))).toThrow();
});

test.each([0x01, 0x80, 0xff])("a byte that was changed by %p gives a value or throws", (difference) => {
  const bytes = pageSerializer.encode(page);
  for (let at = 0; at < bytes.length; at++) {
    const corrupt = Buffer.from(bytes);
    corrupt.writeUInt8(corrupt.readUInt8(at) ^ difference, at);
    try {
      pageSerializer.decode(corrupt);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
    }
  }
});
