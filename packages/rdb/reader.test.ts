import { describe, expect, test } from "bun:test";
import { defaultRdbLimits } from "./limits.ts";
import { type Bytes, compressed, entry, file, latin1, length, milliseconds, string } from "./rdb-bytes.ts";
import { RdbError } from "./rdb-error.ts";
import { readRdb } from "./read-rdb.ts";
import { RdbReader } from "./reader.ts";
import { tellItems } from "./told-items.ts";

const database = [254, 0];

function everyByte(bytes: Uint8Array): number[] {
  return Array.from(bytes, (_, index) => index);
}

/** Without the header and the end; the same whole and byte by byte. */
function itemsOf(head: string, ...pieces: Bytes[]): string[] {
  const bytes = file(head, ...pieces);
  const whole = tellItems(bytes);
  expect(tellItems(bytes, everyByte(bytes))).toEqual(whole);
  expect(whole.at(-1)).toBe("end verified");
  return whole.slice(1, -1);
}

function errorOf(read: () => unknown): Pick<RdbError, "code" | "offset" | "message"> {
  try {
    read();
  } catch (error) {
    if (error instanceof RdbError) return { code: error.code, offset: error.offset, message: error.message };
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("what stands around the keys", () => {
  test("the two headers", () => {
    expect(tellItems(file("REDIS0006"))).toEqual(["redis 6", "end verified"]);
    expect(tellItems(file("REDIS0012"))).toEqual(["redis 12", "end verified"]);
    expect(tellItems(file("VALKEY080"))).toEqual(["valkey 80", "end verified"]);
  });

  test("auxiliary fields with numbers and compressed values, hints, a library", () => {
    const library = compressed([2, ...latin1("#!l"), 0x20, 2], 6);
    expect(
      itemsOf(
        "REDIS0011",
        [250, ...string("redis-ver"), ...string("7.2.5")],
        [250, ...string("bits"), 0xc0, 64],
        [250, ...string("ctime"), 0xc2, 0xff, 0xff, 0xff, 0xff],
        [250, ...string("used"), 0xc1, 0x00, 0x80],
        [245, ...library],
        [254, ...length(300)],
        [251, ...length(70_000), ...length(2 ** 33)],
        [244, ...length(16_383), ...length(2), ...length(1)],
      ),
    ).toEqual([
      "aux redis-ver=7.2.5",
      "aux bits=64",
      "aux ctime=-1",
      "aux used=-32768",
      "function #!l#!l",
      "database 300",
      "resize 70000 8589934592",
      "slot 16383 2 1",
    ]);
  });

  test("what a module keeps beside the keys", () => {
    const pieces = [
      ...length(9),
      2,
      1,
      1,
      ...length(7),
      3,
      0,
      0,
      0,
      0,
      4,
      ...milliseconds(1n),
      5,
      ...string("five"),
      0,
    ];
    const bytes = Buffer.from(pieces).toString("hex");
    expect(itemsOf("REDIS0010", [247, ...pieces], database)).toEqual([`moduleAux ${bytes}`, "database 0"]);
  });

  test("one opcode is Redis' metadata of modules, and Valkey's import of slots", () => {
    const metadata = [1, 0xaa, 0xbb, 0xcc, 0xdd, 5, ...string("kept"), 0];
    expect(itemsOf("REDIS0013", [243, ...metadata], entry(0, "k", string("v")), entry(0, "l", string("w")))).toEqual([
      `22 0/k string:string metadata ${Buffer.from(metadata).toString("hex")} 0176`,
      "27 0/l string:string 0177",
    ]);
    expect(itemsOf("VALKEY080", [243, ...string("job"), 2, 0, 9, ...length(100), ...length(16_383)])).toEqual([
      "slotImport job 0,9,100,16383",
    ]);
  });

  test("what Redis Enterprise says of a key is passed over", () => {
    expect(itemsOf("REDIS0012", [107, ...length(67), 121, ...length(9_000)], entry(0, "k", string("v")))).toEqual([
      "15 0/k string:string 0176",
    ]);
  });

  test("what opcodes say of a key holds for this key only", () => {
    expect(
      itemsOf(
        "REDIS0009",
        [252, ...milliseconds(1_795_308_155_346n)],
        [248, ...length(500)],
        entry(0, "a", string("x")),
        [253, 0x15, 0xcd, 0x5b, 0x07, 249, 200],
        entry(0, "b", string("x")),
        [252, ...milliseconds(-5n)],
        entry(0, "c", string("x")),
        entry(0, "d", string("x")),
      ).map((line) => line.slice(line.indexOf("/"))),
    ).toEqual([
      "/a string:string expires 1795308155346 idle 500 0178",
      "/b string:string expires 123456789000 frequency 200 0178",
      "/c string:string expires -5 0178",
      "/d string:string 0178",
    ]);
  });

  test("versions below 5 have no checksum, and later ones may have none", () => {
    const old = file("REDIS0004", entry(0, "k", string("v")));
    expect(tellItems(old.subarray(0, -8)).at(-1)).toBe("end absent");
    const unsummed = file("REDIS0011", entry(0, "k", string("v"))).fill(0, -8);
    expect(tellItems(unsummed).at(-1)).toBe("end absent");
  });

  test("keys as numbers, compressed and of every length", () => {
    const long = "k".repeat(20_000);
    expect(
      itemsOf(
        "REDIS0011",
        [0, 0xc0, 0xfb, ...string("v")],
        [0, 0xc2, 0x15, 0xcd, 0x5b, 0x07, ...string("v")],
        [0, ...compressed([0, 0x6b, 0xe0, 91, 0], 101), ...string("v")],
        entry(0, "", string("v")),
        entry(0, long, string("v")),
      ).map((line) => line.slice(line.indexOf("/") + 1).split(" ")[0]),
    ).toEqual(["-5", "123456789", "k".repeat(101), "", long]);
  });
});

describe("what follows the end", () => {
  test("stays unread", () => {
    const reader = new RdbReader();
    reader.push(Uint8Array.from([...file("REDIS0011"), ...latin1("*1\r\n")]));
    expect(reader.next()?.type).toBe("header");
    expect(reader.next()?.type).toBe("end");
    expect(reader.isDone).toBe(true);
    expect(reader.next()).toBeNull();
    expect(Buffer.from(reader.rest()).toString()).toBe("*1\r\n");
  });

  test("is refused where a whole file is read", async () => {
    const bytes = file("REDIS0011");
    async function* source() {
      yield bytes;
      yield new Uint8Array(0);
      yield Uint8Array.of(1);
    }
    const seen: string[] = [];
    const refused = await readRdb(source(), (item) => void seen.push(item.type)).catch((error: unknown) => error);
    expect(seen).toEqual(["header", "end"]);
    expect(refused).toMatchObject({ code: "trailing-bytes", offset: bytes.length });
  });
});

describe("a callback that waits", () => {
  test("keeps the file waiting, and its item valid", async () => {
    const bytes = file("REDIS0011", ...["a", "b", "c"].map((key) => entry(0, key, string(key))));
    const seen: string[] = [];
    async function* source() {
      for (const byte of bytes) yield Uint8Array.of(byte);
    }
    await readRdb(source(), async (item) => {
      await Promise.resolve();
      if (item.type === "entry") seen.push(Buffer.from(item.key).toString() + Buffer.from(item.value).toString("hex"));
    });
    expect(seen).toEqual(["a0161", "b0162", "c0163"]);
  });
});

describe("what is refused", () => {
  const tail = (code: string) => `with code ${code}`;

  test("files of another kind, as soon as that is sure", () => {
    expect(errorOf(() => tellItems(Uint8Array.from(latin1("*3\r\n$3\r\nSET"))))).toMatchObject({
      code: "not-an-rdb",
      offset: 0,
    });
    const reader = new RdbReader();
    reader.push(Uint8Array.from(latin1("REX")));
    expect(errorOf(() => reader.next()).code).toBe("not-an-rdb");
    expect(errorOf(() => reader.next()).code).toBe("not-an-rdb");
    expect(errorOf(() => tellItems(Uint8Array.from(latin1("REDISx011")))).code).toBe("not-an-rdb");
    expect(errorOf(() => tellItems(new Uint8Array(0)))).toMatchObject({ code: "truncated", offset: 0 });
  });

  test.each(["REDIS0000", "REDIS0015", "REDIS9999", "VALKEY011", "VALKEY081"])(
    "a version that is not known: %s",
    (head) => {
      expect(errorOf(() => tellItems(file(head))).code).toBe("unsupported-version");
    },
  );

  test.each([6, 8, 28, 101, 242])("a type that is not known: %i", (typeByte) => {
    const { code, offset, message } = errorOf(() => tellItems(file("REDIS0012", database, entry(typeByte, "k", [0]))));
    expect({ code, offset }).toEqual({ code: "unsupported", offset: 11 });
    expect(message).toContain(String(typeByte));
    expect(message).toContain("at offset 11");
  });

  test("a wrong checksum, and any flipped bit under it", () => {
    const bytes = file("REDIS0011", database, entry(0, "key", string("value")));
    for (let at = 11; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] as number) ^ 1;
      expect(() => tellItems(flipped), tail(String(at))).toThrow(RdbError);
    }
  });

  test("an end at every byte, with the offset of the end", () => {
    const bytes = file(
      "REDIS0011",
      [250, ...string("name"), ...string("value")],
      [252, ...milliseconds(1n)],
      entry(4, "hash", [2, ...string("f"), ...string("v"), ...string("g"), 0xc1, 1, 1]),
    );
    for (let end = 0; end < bytes.length; end++)
      expect(errorOf(() => tellItems(bytes.subarray(0, end)))).toMatchObject({ code: "truncated", offset: end });
  });

  test("what promises more than the limits allow, without waiting for it", () => {
    const promises: [string, Bytes][] = [
      ["a string of a terabyte", entry(0, "k", length(2 ** 40))],
      ["a compressed string that becomes a terabyte", entry(0, "k", [0xc3, ...length(2 ** 34), ...length(2 ** 40)])],
      ["a key of a terabyte", [0, ...length(2 ** 40)]],
      ["a library of a terabyte", [245, ...length(2 ** 40)]],
      ["a key that becomes a terabyte", [0, 0xc3, ...length(2 ** 34), ...length(2 ** 40)]],
    ];
    for (const [what, bytes] of promises) {
      const reader = new RdbReader();
      reader.push(Uint8Array.from([...latin1("REDIS0011"), ...bytes]));
      reader.next();
      expect(errorOf(() => reader.next()).code, what).toBe("over-limit");
    }
  });

  test("what a module wrote is bounded, as it is given whole", () => {
    const limits = { ...defaultRdbLimits, nameBytesMax: 50 };
    const read = () => tellItems(file("REDIS0011", [247, 1, 2, 1, 5, ...string("x".repeat(60)), 0]), [], limits);
    expect(errorOf(read).code).toBe("over-limit");
  });

  test("bytes that contradict the format", () => {
    const contradictions: [string, Bytes][] = [
      ["a length of no form", entry(0, "k", [0x82, 0, 0])],
      ["a string of no form", entry(0, "k", [0xc4])],
      ["a string where a length is", entry(1, "k", [0xc0, 1])],
      ["an idle time that is a string", [248, 0xc0, 1]],
      ["a bomb", entry(0, "k", [...compressed([0, 0x61, 0xe0, 10, 0], 100_000)])],
      ["a bomb as a key", [0, ...compressed([0, 0x61, 0xe0, 10, 0], 100_000), 0]],
      ["a compressed key of another length", [0, ...compressed([0, 0x61, 0xe0, 10, 0], 21), 0]],
      ["a piece of a module of no kind", entry(7, "k", [1, 6])],
      ["a million ranges of slots", [243, ...string("job"), ...length(1_000_000)]],
    ];
    for (const [what, bytes] of contradictions) {
      const head = what.includes("slots") ? "VALKEY080" : "REDIS0011";
      expect(errorOf(() => tellItems(file(head, bytes))).code, what).toBe("malformed");
    }
    const functionOfCandidate = file("REDIS0010", [246, 0]);
    expect(errorOf(() => tellItems(functionOfCandidate)).code).toBe("unsupported");
  });

  test("millions of opcodes without a key are read, one after the other", () => {
    const metadata = new Array<Bytes>(200_000).fill([243, 0]);
    expect(itemsOfWhole(file("REDIS0013", metadata.flat(), entry(0, "k", [0])))).toBe(3);
  });
});

function itemsOfWhole(bytes: Uint8Array): number {
  return tellItems(bytes).length;
}
