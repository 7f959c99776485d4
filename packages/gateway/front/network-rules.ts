/**
 * From where one cache may be reached. Who comes in by a private network is asked only whether the cache is served there; everybody
 * else, whether there is public access and whether the firewall lets the address in. Pure.
 */
import {
  type AddressRange,
  type IpAddress,
  type IpRange,
  isSameName,
  parseIpAddress,
  parseIpRange,
  type RouteNetwork,
} from "@larder/api";

/** Whose connection it is, and by which private network it came; null: by none. */
export interface Origin {
  address: string;
  network: string | null;
}

export type NetworkRefusal = "firewall" | "public access" | "private network";

export class NetworkRules {
  readonly #route: RouteNetwork;
  readonly #allowed: AddressSet | null;

  constructor(route: RouteNetwork) {
    this.#route = route;
    this.#allowed = route.allowed && new AddressSet(route.allowed);
  }

  /** Why it may not come in; null: it may. */
  refusalOf({ address, network }: Origin): NetworkRefusal | null {
    if (network !== null)
      return this.#route.privateNetworks.some((name) => isSameName(name, network)) ? null : "private network";
    if (!this.#route.hasPublicAccess) return "public access";
    return this.#allowed === null || this.#allowed.has(address) ? null : "firewall";
  }
}

class AddressSet {
  readonly #ipv4: IpRange<number>[];
  readonly #ipv6: IpRange<bigint>[];

  /** Sorted and without overlaps. */
  constructor(ranges: readonly AddressRange[]) {
    const parsed = ranges.flatMap((range) => parseIpRange(range) ?? []);
    this.#ipv4 = parsed.filter((range): range is IpRange<number> => typeof range.first === "number");
    this.#ipv6 = parsed.filter((range): range is IpRange<bigint> => typeof range.first === "bigint");
  }

  has(text: string): boolean {
    const address = parseIpAddress(text);
    if (address === null) return false;
    return typeof address === "number" ? isWithin(this.#ipv4, address) : isWithin(this.#ipv6, address);
  }
}

function isWithin<A extends IpAddress>(ranges: readonly IpRange<A>[], address: A): boolean {
  let [low, high] = [0, ranges.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle] as IpRange<A>;
    if (address < range.first) high = middle - 1;
    else if (address > range.last) low = middle + 1;
    else return true;
  }
  return false;
}
