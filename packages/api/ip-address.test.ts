import { expect, test } from "bun:test";
import { isIP } from "node:net";
import fc from "fast-check";
import { mergeRanges, parseIpAddress, parseIpRange } from "./ip-address.ts";

const range = (first: string, last = first) => ({ first, last });

test.each([
  ["0.0.0.0", 0],
  ["10.1.2.3", 0x0a010203],
  ["255.255.255.255", 0xffffffff],
  ["::", 0n],
  ["::1", 1n],
  ["fe80::1%eth0", (0xfe80n << 112n) + 1n],
  ["2001:DB8::", 0x20010db8n << 96n],
  ["1:2:3:4:5:6:7:8", 0x00010002000300040005000600070008n],
  ["64:ff9b::1.2.3.4", (0x64ff9bn << 96n) + 0x01020304n],
  ["::ffff:10.1.2.3", 0x0a010203],
  ["::ffff:a01:203", 0x0a010203],
])("%s is read", (text, value) => expect(parseIpAddress(text)).toBe(value));

test.each([
  "",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "01.2.3.4",
  "1..2.3",
  "1.2.3.4 ",
  "1.2.3.4/8",
  "a.b.c.d",
  ":",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7::8:9",
  "12345::",
  "g::",
  "1.2.3.4::",
  "::1.2.3.4:5",
  "[::1]",
])("'%s' is no address", (text) => expect(parseIpAddress(text)).toBeNull());

test("what the runtime takes for an address is one, and nothing else is", () => {
  const text = fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,20}$/));
  fc.assert(fc.property(text, (given) => (parseIpAddress(given) !== null) === (isIP(given) !== 0)));
});

test("a range is of one family and goes upwards", () => {
  expect(parseIpRange(range("10.0.0.1", "10.0.0.9"))).toEqual({ first: 0x0a000001, last: 0x0a000009 });
  expect(parseIpRange(range("10.0.0.9", "10.0.0.1"))).toBeNull();
  expect(parseIpRange(range("10.0.0.1", "::1"))).toBeNull();
});

test("ranges that overlap or touch become one", () => {
  const merged = mergeRanges([
    range("::5", "::9"),
    range("10.0.0.10", "10.0.0.20"),
    range("10.0.0.0", "10.0.0.9"),
    range("10.0.0.12"),
    range("::1", "::4"),
    range("9.0.0.1"),
  ]);
  expect(merged).toEqual([range("9.0.0.1"), range("10.0.0.0", "10.0.0.20"), range("::1", "::9")]);
  expect(mergeRanges([])).toEqual([]);
});
