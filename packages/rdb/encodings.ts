/**
 * The forms of a value in an RDB file: what its type byte means, and of which pieces the value consists.
 *
 * A shape says where a value ends without saying what it holds, so that values can be skipped, held and passed on
 * without being decoded. What is inside of a packed string (a ziplist, listpack, intset or zipmap) is not looked at.
 *
 * Redis and Valkey gave 22 to two different forms, so the meaning of a type byte depends on the file's family. The
 * family is in the magic: REDIS up to version 79, VALKEY from 80 on.
 *
 * Read off src/rdb.h and src/rdb.c of Redis 7.4 and Valkey 8, and off what later engines write.
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
  | "hash-2";

const milliseconds = 8;
const rawStreamId = 16;
const streamId: readonly Piece[] = ["length", "length"];
const listpacks: Piece = { each: ["string", "string"] };
const groupEntries: Piece = { each: [rawStreamId, milliseconds, "length"] };
const consumerEntries: Piece = { each: [rawStreamId] };

const streamShapes = {
  /** Listpacks, length, last id; groups: name, last id, entries, consumers: name, seen, entries. */
  1: [
    listpacks,
    "length",
    ...streamId,
    {
      each: ["string", ...streamId, groupEntries, { each: ["string", milliseconds, consumerEntries] }],
    },
  ],
  /** With first id, highest deleted id and count of entries ever added; groups with how much they have read. */
  2: [
    listpacks,
    "length",
    ...streamId,
    ...streamId,
    ...streamId,
    "length",
    {
      each: ["string", ...streamId, "length", groupEntries, { each: ["string", milliseconds, consumerEntries] }],
    },
  ],
  /** Consumers with when they were last active, too. */
  3: [
    listpacks,
    "length",
    ...streamId,
    ...streamId,
    ...streamId,
    "length",
    {
      each: [
        "string",
        ...streamId,
        "length",
        groupEntries,
        { each: ["string", milliseconds, milliseconds, consumerEntries] },
      ],
    },
  ],
} satisfies Record<number, readonly Piece[]>;

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
  { typeByte: 15, name: "stream-listpacks", kind: "stream", shape: streamShapes[1] },
  { typeByte: 16, name: "hash-listpack", kind: "hash", shape: ["string"] },
  { typeByte: 17, name: "zset-listpack", kind: "zset", shape: ["string"] },
  { typeByte: 18, name: "list-quicklist-2", kind: "list", shape: [{ each: ["length", "string"] }] },
  { typeByte: 19, name: "stream-listpacks-2", kind: "stream", shape: streamShapes[2] },
  { typeByte: 20, name: "set-listpack", kind: "set", shape: ["string"] },
  { typeByte: 21, name: "stream-listpacks-3", kind: "stream", shape: streamShapes[3] },
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
