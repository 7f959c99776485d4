/** What DUMP gave, taken apart: an entry as the reader gives it, so that it can be decoded and made anew. */
import { Crc64 } from "./crc64.ts";
import { encodingOf } from "./encodings.ts";
import { CurrentEntry } from "./entry.ts";
import type { RdbEntry } from "./items.ts";
import { RdbError } from "./rdb-error.ts";

const typeBytes = 1;
const footerBytes = 10;
/** From this version on a payload is Valkey's, and a type byte may mean another encoding. */
const firstValkeyVersion = 80;

/** Throws an RdbError for what is no payload, is damaged, or has an encoding that is not known. Keeps the bytes. */
export function parseDumpPayload(
  payload: Uint8Array,
  of: { key: Uint8Array; expiresAtMs: number | null },
): RdbEntry & { readonly version: number } {
  if (payload.length < typeBytes + footerBytes)
    throw new RdbError("truncated", payload.length, "Expected a payload of DUMP");
  const footer = payload.length - footerBytes;
  const version = (payload[footer] as number) | ((payload[footer + 1] as number) << 8);
  const crc = new Crc64();
  crc.update(payload, 0, footer + 2);
  if (!crc.equals(payload, footer + 2)) throw new RdbError("checksum", footer + 2, "The payload has another checksum");
  const family = version >= firstValkeyVersion ? "valkey" : "redis";
  const encoding = encodingOf(payload[0] as number, family);
  if (encoding === undefined) throw new RdbError("unsupported", 0, `A value of the unknown type ${payload[0]}`);
  const entry = new CurrentEntry();
  entry.setEncoding(encoding);
  entry.family = family;
  entry.expiresAtMs = of.expiresAtMs;
  entry.keyBytes = of.key;
  entry.keyEnd = of.key.length;
  entry.valueBytes = payload;
  entry.valueStart = typeBytes;
  entry.valueEnd = footer;
  entry.valueOffset = typeBytes;
  return Object.assign(entry, { version });
}
