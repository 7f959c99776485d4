import { expect, test } from "bun:test";
import { addressText, endpointOf, ipv6Text } from "./address-text.ts";

test.each([
  ["00000000000000000000000000000001", "::1"],
  ["20010db8000000000000000000000001", "2001:db8::1"],
  ["20010db8000100020003000400050006", "2001:db8:1:2:3:4:5:6"],
  ["00000000000000000000ffff0a010203", "10.1.2.3"],
])("the bytes %s are %s", (hex, text) => {
  expect(ipv6Text(Buffer.from(hex, "hex"))).toBe(text);
});

test.each([
  ["10.1.2.3", "10.1.2.3:6380"],
  ["2001:db8::1", "[2001:db8::1]:6380"],
])("%s and a port are %s, and come apart again", (address, text) => {
  expect(addressText(address, 6380)).toBe(text);
  expect(endpointOf(text)).toEqual({ address, port: 6380 });
});
