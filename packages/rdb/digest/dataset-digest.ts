/**
 * Counts what the items of an RDB hold, and makes a digest of it that depends neither on the order of the keys nor on how values
 * are encoded: for each key a hash of database, name, kind, value and expiry, and all of them added up. So the file that an
 * engine writes and the one that another writes after it has loaded the first have the same digest.
 *
 * Keys go meanwhile when their time is over. They are counted by the minute of their expiry as well (that of a hash's
 * first field that expires, where it comes before), so that two datasets can be compared by what outlives a moment.
 *
 * Values of modules are hashed as they lie in the file: only their module knows what they mean.
 */
import { ValueDecoder } from "../decode/value-decoder.ts";
import type { RdbEntry, RdbItem } from "../items.ts";
import { defaultRdbLimits, type RdbLimits } from "../limits.ts";
import { DigestSum } from "./digest-sum.ts";
import { Hash128 } from "./hash-128.ts";
import { ValueHash } from "./value-hash.ts";

/** Beyond this expiries are not told apart: a comparison is over long before. */
const minutesMax = 24 * 60;
const minuteMs = 60_000;
const kinds = ["string", "list", "set", "zset", "hash", "stream", "module"] as const;

export class DatasetDigest {
  /** Libraries of functions. */
  functions = 0;
  /** In the databases of the first item of each; only those with keys. */
  readonly keysByDatabase = new Map<number, number>();
  /** What expires in the minute so and so, from the first one on; what was over before then is at 0. */
  readonly #expiring: (DigestSum | undefined)[] = [];
  readonly #lasting = new DigestSum();
  readonly #sinceMs: number;
  readonly #value = new ValueHash();
  readonly #decoder: ValueDecoder;
  #entry: { database: number; expiresAtMs: number | null; isModule: boolean } | null = null;

  /** `sinceMs`: of two digests that are to be compared the same one. */
  constructor(sinceMs: number, limits: Pick<RdbLimits, "stringBytesMax"> = defaultRdbLimits) {
    this.#sinceMs = sinceMs;
    this.#decoder = new ValueDecoder(this.#value, limits);
  }

  /** Throws RdbError where a value is not what its encoding says. */
  see(item: RdbItem): void {
    switch (item.type) {
      case "entry":
        this.#begin(item);
        if (!item.isWhole) return;
        if (item.kind === "module") this.#value.hash.string(item.valueBytes, item.valueStart, item.valueEnd);
        else this.#decoder.decode(item);
        return this.#end();
      case "entryPart":
        return this.#addPart(item.bytes);
      case "entryEnd":
        return this.#endParts();
      case "function":
        return this.#addFunction(item.code);
      default:
        return;
    }
  }

  get keys(): number {
    let keys = 0;
    for (const count of this.keysByDatabase.values()) keys += count;
    return keys;
  }

  /** Of all. */
  total(): DigestSum {
    return this.lasting(Number.NEGATIVE_INFINITY);
  }

  /** Of what does not expire before a moment, to the minute. */
  lasting(untilMs: number): DigestSum {
    const sum = new DigestSum();
    sum.addSum(this.#lasting, this.#lasting.count);
    const from = Math.max(0, Math.ceil((untilMs - this.#sinceMs) / minuteMs) + 1);
    for (const [minute, one] of this.#expiring.entries())
      if (one !== undefined && (minute >= from || untilMs === Number.NEGATIVE_INFINITY)) sum.addSum(one, one.count);
    return sum;
  }

  #begin({ database, kind, expiresAtMs, keyBytes, keyStart, keyEnd, encoding, valueOffset, isWhole }: RdbEntry): void {
    const { hash } = this.#value;
    hash.reset();
    hash.uint32(database);
    hash.uint32(kinds.indexOf(kind));
    hash.string(keyBytes, keyStart, keyEnd);
    hash.integer(expiresAtMs ?? -1);
    this.#value.beginValue();
    this.#entry = { database, expiresAtMs, isModule: kind === "module" };
    if (!isWhole && kind !== "module") this.#decoder.begin(encoding, valueOffset);
  }

  #addPart(bytes: Uint8Array): void {
    if (this.#entry?.isModule === true) return this.#value.hash.bytes(bytes, 0, bytes.length);
    this.#decoder.push(bytes);
    while (this.#decoder.step());
  }

  #endParts(): void {
    if (this.#entry?.isModule === true) this.#value.hash.endString();
    else {
      this.#decoder.end();
      while (this.#decoder.step());
    }
    this.#end();
  }

  #end(): void {
    const entry = this.#entry;
    if (entry === null) throw new Error("a value without a key");
    this.#entry = null;
    this.#value.endValue();
    this.#value.hash.finish();
    this.keysByDatabase.set(entry.database, (this.keysByDatabase.get(entry.database) ?? 0) + 1);
    this.#sumOf(earlier(entry.expiresAtMs, this.#value.firstFieldExpiryMs)).add(this.#value.hash);
  }

  #sumOf(expiresAtMs: number | null): DigestSum {
    if (expiresAtMs === null) return this.#lasting;
    const minute = Math.floor((expiresAtMs - this.#sinceMs) / minuteMs) + 1;
    const index = Math.min(minutesMax, Math.max(0, minute));
    this.#expiring[index] ??= new DigestSum();
    return this.#expiring[index];
  }

  #addFunction(code: Uint8Array): void {
    const hash = new Hash128();
    hash.uint32(kinds.length);
    hash.string(code, 0, code.length);
    hash.finish();
    this.functions++;
    this.#lasting.add(hash);
  }
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
