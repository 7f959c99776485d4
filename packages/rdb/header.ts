/** The first nine bytes: REDIS and four digits, or VALKEY and three. */
import type { RdbFamily } from "./encodings.ts";
import { RdbError } from "./rdb-error.ts";

export const headerBytes = 9;

/** The newest versions that are known here: Redis 8.8, Valkey 9. */
const newest: Record<RdbFamily, number> = { redis: 14, valkey: 80 };
/** Valkey took the new magic together with this version. */
const oldest: Record<RdbFamily, number> = { redis: 1, valkey: 80 };

const magics = { redis: "REDIS", valkey: "VALKEY" } satisfies Record<RdbFamily, string>;

/** Undefined as long as bytes are missing. What cannot become a header is refused as soon as that is sure. */
export function parseHeader(bytes: Uint8Array): { family: RdbFamily; version: number } | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, headerBytes));
  const family = (["redis", "valkey"] as const).find((name) =>
    magics[name].startsWith(text.slice(0, magics[name].length)),
  );
  if (family === undefined) throw new RdbError("not-an-rdb", 0, "Expected REDIS or VALKEY, as RDB files begin,");
  const digits = text.slice(magics[family].length);
  if (!/^\d*$/.test(digits)) throw new RdbError("not-an-rdb", magics[family].length, "Expected the version's digits");
  if (text.length < headerBytes) return undefined;
  const version = Number(digits);
  if (version < oldest[family] || version > newest[family])
    throw new RdbError("unsupported-version", magics[family].length, versionMessage(family, version));
  return { family, version };
}

function versionMessage(family: RdbFamily, version: number): string {
  return `Version ${version} of ${family}'s format, where ${oldest[family]} to ${newest[family]} are known,`;
}
