/**
 * The forms of a value in an RDB file: what its type byte means, and of which pieces the value consists.
 *
 * A shape says where a value ends without saying what it holds, so that values can be skipped, held and passed on
 * without being decoded. What is inside of a packed string (a ziplist, listpack, intset or zipmap) is not looked at.
 *
 * Redis and Valkey gave 22 to two different forms, so the meaning of a type byte depends on the file's family. The
 * family is in the magic: REDIS up to version 79, VALKEY from 80 on.
 *
 * Read off src/rdb.h and src/rdb.c of Redis 7.4 and Valkey 8; what is newer, off what public readers of those files
 * say. Real engines' files and DUMP (tests/rdb) have: string, set, zset-2, hash, intset, ziplists, listpacks,
 * quicklists, streams 1 to 3, hash-metadata, hash-listpack-ex, hash-2, functions, slots. Public sample files, tried by
 * hand: list, zset, zipmap, list-ziplist, modules and their auxiliary data, the two hashes of 7.4's candidates. Nothing
 * but the reading stands behind streams 4 and 5, the metadata of keys and Valkey's imports of slots.
 */
export type RdbFamily = "redis" | "valkey";

export type RdbKind = "string" | "list" | "set" | "zset" | "hash" | "stream" | "module";

/**
 * - length: a length in the file's own variable form; also what the engines use for other integers
 * - string: a string in any of its forms
 * - score: a number as text, behind a byte with its length or a sign for NaN and the infinities
 * - number: so many bytes
 * - each: a length, and so many times the pieces of the list
 * - module: pieces that each say what they are, up to a piece that says it is the end
 */
export type Piece = "length" | "string" | "score" | number | { each: readonly Piece[] } | "module";

export interface RdbEncoding {
  readonly typeByte: number;
  readonly name: RdbEncodingName;
  readonly kind: RdbKind;
  readonly shape: readonly Piece[];
}

export type RdbEncodingName =
  | "string"
  | "list"
  | "set"
  | "zset"
  | "hash"
  | "zset-2"
  | "module-2"
  | "hash-zipmap"
  | "list-ziplist"
  | "set-intset"
  | "zset-ziplist"
  | "hash-ziplist"
  | "list-quicklist"
  | "stream-listpacks"
  | "hash-listpack"
  | "zset-listpack"
  | "list-quicklist-2"
  | "stream-listpacks-2"
  | "set-listpack"
  | "stream-listpacks-3"
  | "hash-metadata-pre-ga"
  | "hash-listpack-ex-pre-ga"
  | "hash-metadata"
  | "hash-listpack-ex"
  | "stream-listpacks-4"
  | "stream-listpacks-5"
  | "hash-2";

const milliseconds = 8;
const rawStreamId = 16;
const streamId: readonly Piece[] = ["length", "length"];
const groupEntries: Piece = { each: [rawStreamId, milliseconds, "length"] };
const rawStreamIds: Piece = { each: [rawStreamId] };
/** For how long and how many ids are remembered, those of each producer, and two counts. */
const producers: readonly Piece[] = [
  "length",
  "length",
  { each: ["string", { each: ["string", ...streamId] }] },
  "length",
  "length",
];

/**
 * Listpacks, length, last id; groups with last id, entries that are not acknowledged, and consumers with when they
 * were seen and their share of those entries. Each version adds to the one before it:
 *
 * 2: first id, highest deleted id, entries ever added; of a group how many it has read. 3: when a consumer was last
 * active. 4: the ids of producers that send again. 5: of a group the entries that nobody has.
 */
function streamShape(version: 1 | 2 | 3 | 4 | 5): readonly Piece[] {
  const consumer: readonly Piece[] = ["string", milliseconds, ...(version >= 3 ? [milliseconds] : []), rawStreamIds];
  const counted: readonly Piece[] = version >= 2 ? ["length"] : [];
  return [
    { each: ["string", "string"] },
    "length",
    ...streamId,
    ...(version >= 2 ? [...streamId, ...streamId] : []),
    ...counted,
    {
      each: [
        "string",
        ...streamId,
        ...counted,
        groupEntries,
        { each: consumer },
        ...(version >= 5 ? [rawStreamIds] : []),
      ],
    },
    ...(version >= 4 ? producers : []),
  ];
}

const shared: readonly RdbEncoding[] = [
  { typeByte: 0, name: "string", kind: "string", shape: ["string"] },
  { typeByte: 1, name: "list", kind: "list", shape: [{ each: ["string"] }] },
  { typeByte: 2, name: "set", kind: "set", shape: [{ each: ["string"] }] },
  { typeByte: 3, name: "zset", kind: "zset", shape: [{ each: ["string", "score"] }] },
  { typeByte: 4, name: "hash", kind: "hash", shape: [{ each: ["string", "string"] }] },
  { typeByte: 5, name: "zset-2", kind: "zset", shape: [{ each: ["string", 8] }] },
  { typeByte: 7, name: "module-2", kind: "module", shape: ["length", "module"] },
  { typeByte: 9, name: "hash-zipmap", kind: "hash", shape: ["string"] },
  { typeByte: 10, name: "list-ziplist", kind: "list", shape: ["string"] },
  { typeByte: 11, name: "set-intset", kind: "set", shape: ["string"] },
  { typeByte: 12, name: "zset-ziplist", kind: "zset", shape: ["string"] },
  { typeByte: 13, name: "hash-ziplist", kind: "hash", shape: ["string"] },
  { typeByte: 14, name: "list-quicklist", kind: "list", shape: [{ each: ["string"] }] },
  { typeByte: 15, name: "stream-listpacks", kind: "stream", shape: streamShape(1) },
  { typeByte: 16, name: "hash-listpack", kind: "hash", shape: ["string"] },
  { typeByte: 17, name: "zset-listpack", kind: "zset", shape: ["string"] },
  { typeByte: 18, name: "list-quicklist-2", kind: "list", shape: [{ each: ["length", "string"] }] },
  { typeByte: 19, name: "stream-listpacks-2", kind: "stream", shape: streamShape(2) },
  { typeByte: 20, name: "set-listpack", kind: "set", shape: ["string"] },
  { typeByte: 21, name: "stream-listpacks-3", kind: "stream", shape: streamShape(3) },
];

const ofRedis: readonly RdbEncoding[] = [
  { typeByte: 22, name: "hash-metadata-pre-ga", kind: "hash", shape: [{ each: ["length", "string", "string"] }] },
  { typeByte: 23, name: "hash-listpack-ex-pre-ga", kind: "hash", shape: ["string"] },
  {
    typeByte: 24,
    name: "hash-metadata",
    kind: "hash",
    shape: [milliseconds, { each: ["length", "string", "string"] }],
  },
  { typeByte: 25, name: "hash-listpack-ex", kind: "hash", shape: [milliseconds, "string"] },
  { typeByte: 26, name: "stream-listpacks-4", kind: "stream", shape: streamShape(4) },
  { typeByte: 27, name: "stream-listpacks-5", kind: "stream", shape: streamShape(5) },
];

const ofValkey: readonly RdbEncoding[] = [
  { typeByte: 22, name: "hash-2", kind: "hash", shape: [{ each: ["string", "string", milliseconds] }] },
];

const byFamily: Record<RdbFamily, ReadonlyMap<number, RdbEncoding>> = {
  redis: new Map([...shared, ...ofRedis].map((encoding) => [encoding.typeByte, encoding])),
  valkey: new Map([...shared, ...ofValkey].map((encoding) => [encoding.typeByte, encoding])),
};

/** Undefined for type bytes that no release wrote, and for those of engines that are not known here. */
export function encodingOf(typeByte: number, family: RdbFamily): RdbEncoding | undefined {
  return byFamily[family].get(typeByte);
}
