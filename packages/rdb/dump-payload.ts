/**
 * A value as DUMP gives it and RESTORE takes it: type byte, value, version, checksum. The value goes in as it is in the
 * file, so the engine must know its encoding; it refuses a version that is newer than its own. What modules stored with
 * the key (`metadata`) is not in it.
 */
import { Crc64 } from "./crc64.ts";
import type { RdbEntry } from "./items.ts";

const typeBytes = 1;
const versionBytes = 2;
const checksumBytes = 8;

const crc = new Crc64();

export function dumpPayloadBytes(entry: RdbEntry): number {
  return typeBytes + (entry.valueEnd - entry.valueStart) + versionBytes + checksumBytes;
}

/** Writes the payload of a whole entry, `dumpPayloadBytes` long, and returns the position behind it. */
export function writeDumpPayload(entry: RdbEntry, version: number, into: Uint8Array, at: number): number {
  if (!entry.isWhole) throw new Error("The payload of a value that is given in parts");
  into[at] = entry.typeByte;
  const valueAt = at + typeBytes;
  const { valueBytes, valueStart, valueEnd } = entry;
  into.set(valueBytes.subarray(valueStart, valueEnd), valueAt);
  const versionAt = valueAt + (valueEnd - valueStart);
  into[versionAt] = version;
  into[versionAt + 1] = version >>> 8;
  const checksumAt = versionAt + versionBytes;
  crc.reset();
  crc.update(into, at, checksumAt);
  crc.writeTo(into, checksumAt);
  return checksumAt + checksumBytes;
}

export function dumpPayload(entry: RdbEntry, version: number): Uint8Array {
  const payload = new Uint8Array(dumpPayloadBytes(entry));
  writeDumpPayload(entry, version, payload, 0);
  return payload;
}
