import { expect, test } from "bun:test";
import { parseProxySources } from "./proxy-sources.ts";

test.each([
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["127.0.0.1", "127.0.0.1", true],
  ["127.0.0.1", "127.0.0.2", false],
  ["0.0.0.0/0", "203.0.113.9", true],
  ["192.0.2.1, 2001:db8::/32", "2001:db8:1::2", true],
  ["192.0.2.1, 2001:db8::/32", "2001:db9::1", false],
])("%s has %s: %p", (text, address, isIn) => {
  expect(parseProxySources(text)?.check(address, address.includes(":") ? "ipv6" : "ipv4")).toBe(isIn);
});

test.each(["", "localhost", "10.0.0.0/33", "10.0.0.0/8/8", "::1/129", "10.0.0.1,", "10.0.0.0/-1", "300.0.0.1"])(
  "%p is refused",
  (text) => {
    expect(() => parseProxySources(text)).toThrow(/--proxy-protocol-from/);
  },
);

test("nothing given is nobody", () => {
  expect(parseProxySources(undefined)).toBeNull();
});
