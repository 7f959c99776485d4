import { expect, test } from "bun:test";
import { networkOf } from "./address-network.ts";

test("an IPv4 address is itself, however it is written", () => {
  expect(networkOf("10.0.0.1")).toBe("10.0.0.1");
  expect(networkOf("::ffff:10.0.0.1")).toBe("10.0.0.1");
});

test("an IPv6 address is its first 64 bits", () => {
  expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2");
  expect(networkOf("2001:0DB8:1:2::6")).toBe("2001:db8:1:2");
  expect(networkOf("2001:db8::1")).toBe("2001:db8:0:0");
  expect(networkOf("fe80::1%eth0")).toBe("fe80:0:0:0");
  expect(networkOf("::1")).toBe("0:0:0:0");
  expect(networkOf("64:ff9b::10.0.0.1")).toBe("64:ff9b:0:0");
});

test("what is no address is itself", () => {
  expect(networkOf("")).toBe("");
  expect(networkOf("unix")).toBe("unix");
});
