/**
 * The header of the PROXY protocol, version 2, by which a load balancer tells whose connection it passes on. Pure.
 *
 *   bytes  0–11  signature
 *          12    version (2) and command: 0 LOCAL (the balancer's own, for a health check), 1 PROXY
 *          13    family and transport: 0x00 unspecified, 0x11 TCP over IPv4, 0x21 TCP over IPv6; others are refused
 *          14–15 how many bytes follow: the addresses, then TLVs, which are skipped
 *
 * Source: "The PROXY protocol", versions 1 & 2, 2020/03/05, section 2.2. Version 1 is refused.
 */

import { limits } from "../limits.ts";
import { ipv6Text } from "./address-text.ts";

export interface SocketAddress {
  address: string;
  port: number;
}

/** Who connected to the balancer, and where it did. */
export interface ConnectionEnds {
  source: SocketAddress;
  destination: SocketAddress;
}

/** `ends` is null where the header names nobody: then it is whoever connected, to where it did. */
export type ProxyHeader =
  | { kind: "partial" }
  | { kind: "invalid" }
  | { kind: "whole"; bytes: number; ends: ConnectionEnds | null };

const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const fixedBytes = 16;
const LOCAL = 0x20;
const PROXY = 0x21;

const partial: ProxyHeader = { kind: "partial" };
const invalid: ProxyHeader = { kind: "invalid" };

/** What is at the start of `bytes`. It is found to be invalid at the first byte that is. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  const signed = Math.min(bytes.length, signature.length);
  if (bytes.compare(signature, 0, signed, 0, signed) !== 0) return invalid;
  const command = bytes[12];
  if (command !== undefined && command !== LOCAL && command !== PROXY) return invalid;
  const family = command === LOCAL ? unspecified : families.get(bytes[13] ?? 0);
  if (family === undefined) return invalid;
  if (bytes.length < fixedBytes) return partial;
  const length = bytes.readUInt16BE(14);
  const end = fixedBytes + length;
  if (length < family.bytes || end > limits.proxyHeaderBytesMax) return invalid;
  return bytes.length < end ? partial : { kind: "whole", bytes: end, ends: family.endsOf(bytes) };
}

/** How many bytes the addresses take: source, destination, source port, destination port. */
interface Family {
  bytes: number;
  endsOf(header: Buffer): ConnectionEnds | null;
}

const unspecified: Family = { bytes: 0, endsOf: () => null };

const families = new Map<number, Family>([
  [0x00, unspecified],
  [0x11, tcp(4, (address) => address.join("."))],
  [0x21, tcp(16, ipv6Text)],
]);

function tcp(addressBytes: number, textOf: (address: Buffer) => string): Family {
  const ports = fixedBytes + 2 * addressBytes;
  const endOf = (header: Buffer, index: number): SocketAddress => {
    const start = fixedBytes + index * addressBytes;
    return {
      address: textOf(header.subarray(start, start + addressBytes)),
      port: header.readUInt16BE(ports + 2 * index),
    };
  };
  return {
    bytes: 2 * addressBytes + 4,
    endsOf: (header) => ({ source: endOf(header, 0), destination: endOf(header, 1) }),
  };
}
