/**
 * Which zones a cache's nodes may be in. Its owner chooses them when it is created, once and for all, or leaves it to the service,
 * which puts nodes into different ones where its hosts name any (capacity.ts). Pure.
 */
import { LarderError, type RedisCreateProperties } from "@larder/api";
import type { CacheSettings } from "../documents/cache-document.ts";

type Zones = Pick<CacheSettings, "zones" | "zonalAllocationPolicy">;

/** Throws InvalidParameter. */
export function zonesOf(asked: Pick<RedisCreateProperties, "zones" | "zonalAllocationPolicy">, current?: Zones): Zones {
  const zones = asked.zones ?? current?.zones ?? [];
  if (current !== undefined && String(zones) !== String(current.zones)) throw fixed(current.zones);
  const fitting = zones.length > 0 ? ["UserDefined"] : ["Automatic", "NoZones"];
  const policy = asked.zonalAllocationPolicy ?? fitting[0] ?? "";
  if (fitting.includes(policy)) return { zones, zonalAllocationPolicy: policy };
  const why = zones.length > 0 ? `'zones' are given, so it is UserDefined` : "UserDefined needs 'zones'";
  throw new LarderError("InvalidParameter", `'properties.zonalAllocationPolicy' cannot be ${policy}: ${why}.`, {
    target: "properties.zonalAllocationPolicy",
  });
}

function fixed(zones: readonly string[]): LarderError {
  const where = zones.length === 0 ? "It has none" : `It has ${zones.join(", ")}`;
  return new LarderError("InvalidParameter", `'zones' can only be chosen when the cache is created. ${where}.`, {
    target: "zones",
  });
}
