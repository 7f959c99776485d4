import { expect, test } from "bun:test";
import { mergeRanges, parseIpAddress, type RouteNetwork } from "@larder/api";
import fc from "fast-check";
import { NetworkRules } from "./network-rules.ts";

const open: RouteNetwork = { hasPublicAccess: true, allowed: null, privateNetworks: [] };

function refusalOf(changes: Partial<RouteNetwork>, address: string, network: string | null = null) {
  return new NetworkRules({ ...open, ...changes }).refusalOf({ address, network });
}

test("without rules everybody may come, and with any only whom they name", () => {
  expect(refusalOf({}, "203.0.113.9")).toBeNull();
  const allowed = [
    { first: "10.0.0.0", last: "10.0.0.255" },
    { first: "192.0.2.7", last: "192.0.2.7" },
    { first: "2001:db8::", last: "2001:db8::ff" },
  ];
  for (const address of ["10.0.0.0", "10.0.0.255", "::ffff:10.0.0.9", "192.0.2.7", "2001:db8::1"])
    expect(refusalOf({ allowed }, address)).toBeNull();
  for (const address of ["9.255.255.255", "10.0.1.0", "192.0.2.8", "2001:db8::100", "::1", "", "unknown"])
    expect(refusalOf({ allowed }, address)).toBe("firewall");
});

test("a private network passes the firewall and the switch, and only where the cache is served", () => {
  const closed = { hasPublicAccess: false, allowed: [{ first: "10.0.0.1", last: "10.0.0.1" }] };
  expect(refusalOf({ ...closed, privateNetworks: ["blue"] }, "10.9.9.9", "blue")).toBeNull();
  expect(refusalOf({ ...closed, privateNetworks: ["blue"] }, "10.9.9.9", "Blue")).toBeNull();
  expect(refusalOf({ ...closed, privateNetworks: ["blue"] }, "10.9.9.9", "green")).toBe("private network");
  expect(refusalOf({ ...closed, privateNetworks: ["blue"] }, "10.0.0.1")).toBe("public access");
});

test("an address is let in where one of the ranges has it", () => {
  const address = fc.oneof(
    fc.nat(300).map((n) => `10.0.${n >> 8}.${n & 255}`),
    fc.nat(300).map((n) => `2001:db8::${n.toString(16)}`),
  );
  const range = fc
    .tuple(address, address)
    .filter(([first, last]) => first.includes(":") === last.includes(":"))
    .map(([a, b]) => (numberOf(a) <= numberOf(b) ? { first: a, last: b } : { first: b, last: a }));
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 20 }), address, (ranges, asked) => {
      const isNamed = ranges.some(
        ({ first, last }) =>
          first.includes(":") === asked.includes(":") &&
          numberOf(first) <= numberOf(asked) &&
          numberOf(asked) <= numberOf(last),
      );
      return (refusalOf({ allowed: mergeRanges(ranges) }, asked) === null) === isNamed;
    }),
  );
});

function numberOf(address: string): bigint {
  return BigInt(parseIpAddress(address) ?? -1);
}
