/** A range of addresses as people write it: one address, FIRST-LAST, or a network such as 10.0.0.0/8. Pure. */
import { type IpAddress, parseIpAddress } from "@larder/api/ip-address";
import type { FirewallRuleProperties } from "@larder/api/network-resource";
import { CommandError } from "./failure.ts";

/** Throws InvalidParameter for what is no range. Whether it goes upwards is the service's to say. */
export function parseRange(text: string): FirewallRuleProperties {
  const [first = "", last = first, ...rest] = text.split("-");
  if (rest.length === 0 && parseIpAddress(first) !== null && parseIpAddress(last) !== null)
    return { startIP: first, endIP: last };
  const [start = "", length = "", ...more] = text.split("/");
  const address = parseIpAddress(start);
  if (address === null || more.length > 0 || !/^\d{1,3}$/.test(length)) throw noRange(text);
  return networkOf(address, Number(length)) ?? fail(text);
}

function networkOf(address: IpAddress, length: number): FirewallRuleProperties | undefined {
  const bits = typeof address === "number" ? 32 : 128;
  if (length > bits) return undefined;
  const size = 1n << BigInt(bits - length);
  const first = (BigInt(address) / size) * size;
  return { startIP: formatAddress(first, bits), endIP: formatAddress(first + size - 1n, bits) };
}

function formatAddress(address: bigint, bits: number): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((address >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  // In the short form of RFC 5952.
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

function fail(text: string): never {
  throw noRange(text);
}

function noRange(text: string): CommandError {
  return new CommandError(
    "InvalidParameter",
    `"${text}" is no range of addresses.`,
    "write one address, FIRST-LAST, or a network such as 10.0.0.0/8",
  );
}
