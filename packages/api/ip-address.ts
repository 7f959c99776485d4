/**
 * IP addresses as numbers, so that they can be compared: IPv4 as a number, IPv6 as a bigint. An IPv4 address that is mapped into IPv6
 * is the IPv4 address. Pure, and without regular expressions: the gateway does this for every connection.
 */
import type { AddressRange } from "./gateway-protocol.ts";

/** Two compare only where both are of one type, which is one family. */
export type IpAddress = number | bigint;

/** `first` and `last` of one family, `first` not after `last`. */
export interface IpRange<A extends IpAddress = IpAddress> {
  first: A;
  last: A;
}

const [digit0, digit9, dot] = [48, 57, 46];
const mappedPrefix = 0xffff;

/** null for what is no address. The zone of an IPv6 address is left out. */
export function parseIpAddress(text: string): IpAddress | null {
  if (!text.includes(":")) return parseIpv4(text);
  const zone = text.indexOf("%");
  return parseIpv6(zone < 0 ? text : text.slice(0, zone));
}

/** null where either is no address, they are of two families, or the first comes after the last. */
export function parseIpRange({ first, last }: AddressRange): IpRange | null {
  const [from, to] = [parseIpAddress(first), parseIpAddress(last)];
  if (from === null || to === null || typeof from !== typeof to || from > to) return null;
  return { first: from, last: to };
}

/** The same addresses in the fewest ranges, sorted, IPv4 before IPv6. Throws for what is no range. */
export function mergeRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const sorted = ranges.map((text) => ({ text, ...required(parseIpRange(text)) })).sort(inOrder);
  const merged: typeof sorted = [];
  for (const range of sorted) {
    const before = merged.at(-1);
    if (before === undefined || !reaches(before.last, range.first)) merged.push(range);
    else if (range.last > before.last)
      merged[merged.length - 1] = {
        ...before,
        last: range.last,
        text: { first: before.text.first, last: range.text.last },
      };
  }
  return merged.map(({ text }) => text);
}

function required(range: IpRange | null): IpRange {
  if (range === null) throw new Error("not a range of addresses");
  return range;
}

function inOrder(a: IpRange, b: IpRange): number {
  if (typeof a.first !== typeof b.first) return typeof a.first === "number" ? -1 : 1;
  return a.first < b.first ? -1 : Number(a.first > b.first);
}

/** There is no address between them. */
function reaches(last: IpAddress, first: IpAddress): boolean {
  if (typeof last === "number") return typeof first === "number" && first <= last + 1;
  return typeof first === "bigint" && first <= last + 1n;
}

/** Four decimal numbers without leading zeros, which some take for octal. */
function parseIpv4(text: string): number | null {
  let [value, octet, dots] = [0, -1, 0];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === dot) {
      if (octet < 0 || ++dots > 3) return null;
      value = value * 256 + octet;
      octet = -1;
      continue;
    }
    if (code < digit0 || code > digit9 || octet === 0) return null;
    octet = Math.max(octet, 0) * 10 + code - digit0;
    if (octet > 255) return null;
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : null;
}

function parseIpv6(text: string): IpAddress | null {
  const gap = text.indexOf("::");
  const head = groupsOf(gap < 0 ? text : text.slice(0, gap), gap < 0);
  const tail = gap < 0 ? [] : groupsOf(text.slice(gap + 2), true);
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const isMapped = groups[5] === mappedPrefix && groups.slice(0, 5).every((group) => group === 0);
  if (isMapped) return (groups[6] as number) * 0x10000 + (groups[7] as number);
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** Of text without "::". At its end an IPv4 address may stand for two groups. */
function groupsOf(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const ipv4 = mayEndInIpv4 && index === parts.length - 1 ? parseIpv4(part) : null;
      if (ipv4 === null) return null;
      groups.push(Math.floor(ipv4 / 0x10000), ipv4 % 0x10000);
      continue;
    }
    const group = hexGroup(part);
    if (group < 0) return null;
    groups.push(group);
  }
  return groups;
}

/** -1 for what is no group. */
function hexGroup(part: string): number {
  if (part.length < 1 || part.length > 4) return -1;
  let value = 0;
  for (let index = 0; index < part.length; index++) {
    const digit = hexDigit(part.charCodeAt(index));
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function hexDigit(code: number): number {
  if (code >= digit0 && code <= digit9) return code - digit0;
  const letter = (code | 0x20) - 97;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}
