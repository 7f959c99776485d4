import { expect, test } from "bun:test";
import { parseRange } from "./address-range.ts";

test.each([
  ["10.0.0.7", "10.0.0.7", "10.0.0.7"],
  ["10.0.0.7-10.0.1.9", "10.0.0.7", "10.0.1.9"],
  ["10.0.3.7/22", "10.0.0.0", "10.0.3.255"],
  ["0.0.0.0/0", "0.0.0.0", "255.255.255.255"],
  ["10.0.0.7/32", "10.0.0.7", "10.0.0.7"],
  ["2001:db8::7/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"],
  ["::1", "::1", "::1"],
])("%s is from %s to %s", (text, startIP, endIP) => expect(parseRange(text)).toEqual({ startIP, endIP }));

test.each([
  "",
  "office",
  "10.0.0",
  "10.0.0.1/33",
  "10.0.0.1/x",
  "10.0.0.1/",
  "10.0.0.1-",
  "1.2.3.4-5.6.7.8-9.9.9.9",
  "::1/129",
])("'%s' is no range", (text) => expect(() => parseRange(text)).toThrow("is no range of addresses"));
