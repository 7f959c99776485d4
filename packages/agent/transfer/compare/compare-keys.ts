/** Whether a key is the same on both sides. Pure. */
import type { KeyDifference } from "@larder/api";
import { parseDumpPayload } from "@larder/rdb";
import type { ReadKey } from "../scan/key-reader.ts";
import { digestOf } from "./value-digest.ts";

/** Version and checksum behind a payload: they differ between engines where the value does not. */
const footerBytes = 10;
/** Times that are left are asked for at slightly different moments. */
export const expiryToleranceMs = 5_000;

/** null: none. Gone by its time on one side, and about to be on the other, is no difference. */
export function differenceOf(here: ReadKey, there: ReadKey): KeyDifference["difference"] | null {
  if (here.payload === null || there.payload === null) return differenceOfOne(here, there);
  if (!isSameBytes(here.payload, there.payload)) {
    const [own, other] = [here, there].map((read) => digestOf(parse(read)));
    if (own !== other) return own?.split(" ")[0] === other?.split(" ")[0] ? "value" : "type";
  }
  return isSameExpiry(here.ttlMs, there.ttlMs) ? null : "expiry";
}

function differenceOfOne(here: ReadKey, there: ReadKey): KeyDifference["difference"] | null {
  if (here.payload === null && there.payload === null) return null;
  const { ttlMs } = here.payload === null ? there : here;
  if (ttlMs !== null && ttlMs <= expiryToleranceMs) return null;
  return here.payload === null ? "missing here" : "missing there";
}

function isSameBytes(one: Buffer, other: Buffer): boolean {
  return (
    one.length === other.length && one.compare(other, 0, other.length - footerBytes, 0, one.length - footerBytes) === 0
  );
}

function isSameExpiry(one: number | null, other: number | null): boolean {
  if (one === null || other === null) return one === other;
  return Math.abs(one - other) <= expiryToleranceMs;
}

function parse({ key, payload }: ReadKey) {
  return parseDumpPayload(payload as Buffer, { key, expiresAtMs: null });
}
