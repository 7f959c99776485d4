import { describe, expect, test } from "bun:test";
import { limits } from "../limits.ts";
import { parseProxyHeader } from "./proxy-header.ts";

const signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const ipv4 = "0a010203" + "0a000001" + "c350" + "18ec";
const ipv6 = "20010db8000000000000000000000001" + "20010db8000000000000000000000002" + "c350" + "18ec";
const tlv = "04000401020304";

function header(command: number, family: number, rest: string): Buffer {
  const body = Buffer.from(rest, "hex");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([signature, Buffer.from([command, family]), length, body]);
}

function whole(bytes: Buffer) {
  return parseProxyHeader(Buffer.concat([bytes, Buffer.from("*1\r\n$4\r\nPING\r\n")]));
}

const overIpv4 = {
  source: { address: "10.1.2.3", port: 50_000 },
  destination: { address: "10.0.0.1", port: 6380 },
};
const overIpv6 = {
  source: { address: "2001:db8::1", port: 50_000 },
  destination: { address: "2001:db8::2", port: 6380 },
};

describe("a whole header", () => {
  test.each([
    ["TCP over IPv4", header(0x21, 0x11, ipv4), overIpv4],
    ["TCP over IPv6", header(0x21, 0x21, ipv6), overIpv6],
    [
      "an IPv4 address inside IPv6",
      header(0x21, 0x21, `${"0".repeat(20)}ffff0a010203${ipv6.slice(32)}`),
      { ...overIpv6, source: overIpv4.source },
    ],
    ["TLVs", header(0x21, 0x11, ipv4 + tlv), overIpv4],
    ["LOCAL", header(0x20, 0x00, ""), null],
    ["LOCAL with addresses, which mean nothing", header(0x20, 0x11, ipv4), null],
    ["LOCAL with a family that is none", header(0x20, 0xff, ""), null],
    ["an unspecified family", header(0x21, 0x00, tlv), null],
  ])("with %s", (_, bytes, ends) => {
    expect(whole(bytes)).toEqual({ kind: "whole", bytes: bytes.length, ends });
  });

  test.each([
    ["IPv4", header(0x21, 0x11, ipv4 + tlv)],
    ["IPv6", header(0x21, 0x21, ipv6)],
    ["LOCAL", header(0x20, 0x00, "")],
  ])("over %s is partial wherever it is cut", (_, bytes) => {
    for (let end = 0; end < bytes.length; end++)
      expect([end, parseProxyHeader(bytes.subarray(0, end))]).toEqual([end, { kind: "partial" }]);
    expect(parseProxyHeader(bytes).kind).toBe("whole");
  });
});

describe("an invalid header", () => {
  const tooLong = limits.proxyHeaderBytesMax - 15;
  test.each([
    ["version 1", Buffer.from("PROXY TCP4 10.1.2.3 10.0.0.1 50000 6380\r\n")],
    ["a request", Buffer.from("*1\r\n$4\r\nPING\r\n")],
    ["TLS", Buffer.from("160301", "hex")],
    ["another version of the protocol", header(0x11, 0x11, ipv4)],
    ["another command", header(0x22, 0x11, ipv4)],
    ["UDP", header(0x21, 0x12, ipv4)],
    ["a Unix socket", header(0x21, 0x31, "00".repeat(216))],
    ["addresses that are too short for IPv4", header(0x21, 0x11, ipv4.slice(2))],
    ["addresses that are too short for IPv6", header(0x21, 0x21, ipv4)],
    ["more bytes than allowed", header(0x21, 0x11, "00".repeat(tooLong))],
  ])("is %s", (_, bytes) => {
    expect(parseProxyHeader(bytes)).toEqual({ kind: "invalid" });
  });

  test("is found at the first wrong byte of the signature, without waiting for more", () => {
    for (let at = 0; at < signature.length; at++) {
      const wrong = Buffer.from(signature.subarray(0, at + 1));
      wrong[at] = (wrong[at] as number) ^ 1;
      expect(parseProxyHeader(wrong).kind).toBe("invalid");
    }
  });
});
