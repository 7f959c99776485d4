/** What every implementation of Storage must do, as one suite that each of them runs. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { Storage, StoredFile } from "./storage.ts";
import type { StorageError, StorageErrorCode } from "./storage-error.ts";

export interface StorageFixture {
  /** Empty. */
  storage: Storage;
  /** Files are cut into parts of so many bytes, where they are. */
  partBytes: number;
  /** A file that was not put by Larder. */
  putForeign(name: string, bytes: Uint8Array): Promise<void>;
  /** Another content under the checksum that the file has. */
  spoil(name: string, bytes: Uint8Array): Promise<void>;
  /** What is left of puts that failed. */
  leftovers(): Promise<string[]>;
  remove(): Promise<void>;
}

/** Scenarios run side by side: those of remote storage share a server. */
const timeoutMs = 60_000;

export function describeStorage(name: string, open: () => Promise<StorageFixture>): void {
  const scenario = (title: string, body: (fixture: StorageFixture) => Promise<void>) =>
    test.concurrent(
      title,
      async () => {
        const fixture = await open();
        try {
          await body(fixture);
        } finally {
          await fixture.remove();
        }
      },
      timeoutMs,
    );

  describe(`${name}: files`, () => {
    scenario("a file of any size comes back as it was put, with its checksum", async ({ storage, partBytes }) => {
      for (const bytes of [0, 1, partBytes - 1, partBytes, partBytes + 1, 3 * partBytes + 7]) {
        const content = contentOf(bytes);
        const put = await storage.put("dump.rdb", inChunks(content, 1000));
        const sha256 = createHash("sha256").update(content).digest("hex");
        expect(put).toMatchObject({ name: "dump.rdb", bytes, sha256 });
        expect(await storage.stat("dump.rdb")).toMatchObject({ name: "dump.rdb", bytes, sha256 });
        expect(content.equals(await read(storage, "dump.rdb"))).toBe(true);
      }
    });

    scenario("names may have blanks, signs and letters of any language", async ({ storage }) => {
      for (const name of ["a b/ü-日本.rdb", "100%25+1#2?x=y&z.rdb", "a'b(c)!*~,;@$=.rdb"]) {
        await storage.put(name, inChunks(Buffer.from(name), 5));
        expect((await read(storage, name)).toString()).toBe(name);
        expect((await storage.stat(name))?.name).toBe(name);
      }
      expect(await names(storage.list(""))).toHaveLength(3);
    });

    scenario("names that some storage would not take are refused", async ({ storage }) => {
      const bad = ["", "/a", "a/", "a//b", "..", "a/../b", ".a", "a/.b", "a\\b", "a\nb", "a.sha256", "x".repeat(201)];
      for (const name of [...bad, "\ud800"]) {
        expect(await codeOf(storage.put(name, inChunks(Buffer.from("x"), 1)))).toBe("InvalidName");
        expect(await codeOf(read(storage, name))).toBe("InvalidName");
        expect(await codeOf(storage.stat(name))).toBe("InvalidName");
        expect(await codeOf(storage.remove(name))).toBe("InvalidName");
      }
    });

    scenario("a part of a file can be read, from any place to any other", async ({ storage, partBytes }) => {
      const content = contentOf(2 * partBytes + 10);
      await storage.put("dump.rdb", inChunks(content, 999));
      const places = [
        [0, 1],
        [5, 7],
        [partBytes - 1, 2],
        [3, 2 * partBytes],
        [content.length - 1, 9],
        [content.length, 1],
      ];
      for (const [offset = 0, length = 0] of [...places, [content.length + 5, 5]]) {
        const expected = content.subarray(offset, offset + length);
        expect(expected.equals(await read(storage, "dump.rdb", { offset, length }))).toBe(true);
      }
      expect(content.subarray(7).equals(await read(storage, "dump.rdb", { offset: 7 }))).toBe(true);
    });

    scenario("what is not there is not found, and may be removed", async ({ storage }) => {
      expect(await storage.stat("none.rdb")).toBeNull();
      expect(await storage.stat("no/ne.rdb")).toBeNull();
      expect(await codeOf(read(storage, "none.rdb"))).toBe("NotFound");
      await storage.remove("none.rdb");
      await storage.remove("no/ne.rdb");
    });

    scenario("a removed file is gone, with all that belongs to it", async ({ storage, leftovers, partBytes }) => {
      await storage.put("dump.rdb", inChunks(contentOf(partBytes + 1), 1000));
      await storage.remove("dump.rdb");
      expect(await storage.stat("dump.rdb")).toBeNull();
      expect(await names(storage.list(""))).toEqual([]);
      expect(await leftovers()).toEqual([]);
    });

    scenario("a file that somebody else put is read without a checksum", async ({ storage, putForeign }) => {
      await putForeign("theirs.rdb", Buffer.from("REDIS0011"));
      expect(await storage.stat("theirs.rdb")).toMatchObject({ bytes: 9, sha256: null });
      expect((await read(storage, "theirs.rdb")).toString()).toBe("REDIS0011");
    });

    scenario("a file that is not what was put says so at its end", async ({ storage, spoil }) => {
      await storage.put("dump.rdb", inChunks(Buffer.from("as it was"), 9));
      await spoil("dump.rdb", Buffer.from("as it is."));
      const error = await read(storage, "dump.rdb").catch((caught: StorageError) => caught);
      expect(error).toMatchObject({ code: "ChecksumMismatch", file: "dump.rdb", offset: 9, retryable: false });
      expect((await read(storage, "dump.rdb", { offset: 3 })).toString()).toBe("it is.");
    });

    scenario("progress rises to the file's size, both ways", async ({ storage, partBytes }) => {
      const seen: number[] = [];
      const onProgress = (bytes: number) => void seen.push(bytes);
      const bytes = 2 * partBytes + 1;
      await storage.put("dump.rdb", inChunks(contentOf(bytes), 1000), { onProgress });
      expectRising(seen.splice(0), bytes);
      await read(storage, "dump.rdb", { onProgress });
      expectRising(seen, bytes);
    });
  });

  describe(`${name}: lists`, () => {
    scenario("a list has the prefix only, sorted by the names' bytes, without checksums", async ({ storage }) => {
      const all = ["a.rdb", "a/b.rdb", "a/c/d.rdb", "aa.rdb", "b-1.rdb", "b-2.rdb", "ä.rdb"];
      for (const name of all.toReversed()) await storage.put(name, inChunks(Buffer.from(name), 9));
      expect(await names(storage.list(""))).toEqual(all);
      expect(await names(storage.list("a/"))).toEqual(["a/b.rdb", "a/c/d.rdb"]);
      expect(await names(storage.list("a/c/d"))).toEqual(["a/c/d.rdb"]);
      expect(await names(storage.list("b-"))).toEqual(["b-1.rdb", "b-2.rdb"]);
      expect(await names(storage.list("c"))).toEqual([]);
      const [first] = await Array.fromAsync(storage.list("a."));
      expect(first).toMatchObject({ name: "a.rdb", bytes: 5, sha256: null });
      expect(first?.modifiedAtMs).toBeGreaterThan(1e12);
    });
  });

  describe(`${name}: puts that fail`, () => {
    scenario("a source that fails leaves nothing, and its error is the put's", async (fixture) => {
      const { storage, partBytes } = fixture;
      for (const bytes of [0, 10, partBytes, 2 * partBytes + 1]) {
        const failure = new Error("the disk broke");
        const put = storage.put("dump.rdb", inChunks(contentOf(bytes), 1000, { failure }));
        expect(await put.catch((error: unknown) => error)).toBe(failure);
      }
      await expectEmpty(fixture);
    });

    scenario("a put that fails leaves the file that was there", async ({ storage, partBytes, leftovers }) => {
      const before = contentOf(partBytes + 5);
      await storage.put("dump.rdb", inChunks(before, 1000));
      const failure = new Error("the disk broke");
      const put = storage.put("dump.rdb", inChunks(contentOf(3 * partBytes), 1000, { failure }));
      expect(await put.catch((error: unknown) => error)).toBe(failure);
      expect(before.equals(await read(storage, "dump.rdb"))).toBe(true);
      expect(await leftovers()).toEqual([]);
    });

    scenario("an abort ends a put whose source hangs, and closes the source", async (fixture) => {
      for (const bytes of [0, 10, 2 * fixture.partBytes + 1]) {
        const abort = new AbortController();
        const source = hanging(contentOf(bytes));
        const put = fixture.storage.put("dump.rdb", source, { signal: abort.signal });
        const outcome = put.catch((error: unknown) => error);
        await source.hangs;
        const reason = new Error("not wanted any more");
        abort.abort(reason);
        expect(await outcome).toBe(reason);
        expect(source.isClosed()).toBe(true);
      }
      await expectEmpty(fixture);
    });

    scenario("nobody sees a file before it is whole", async ({ storage, partBytes }) => {
      const seen: (StoredFile | null)[] = [];
      const content = contentOf(3 * partBytes);
      await storage.put(
        "dump.rdb",
        watched(content, async () => void seen.push(await storage.stat("dump.rdb"))),
      );
      expect(seen.length).toBeGreaterThan(2);
      expect(seen.every((file) => file === null)).toBe(true);
    });

    scenario("what was aborted before it began does nothing", async ({ storage }) => {
      const signal = AbortSignal.abort(new Error("too late"));
      const calls = [
        () => storage.put("dump.rdb", inChunks(Buffer.from("x"), 1), { signal }),
        () => read(storage, "dump.rdb", { signal }),
        () => storage.stat("dump.rdb", { signal }),
        () => Array.fromAsync(storage.list("", { signal })),
        () => storage.remove("dump.rdb", { signal }),
      ];
      for (const call of calls) expect(await call().catch((error: Error) => error.message)).toBe("too late");
      expect(await storage.stat("dump.rdb")).toBeNull();
    });
  });

  describe(`${name}: gets that end early`, () => {
    scenario("a reader may leave, and may abort", async ({ storage, partBytes }) => {
      await storage.put("dump.rdb", inChunks(contentOf(4 * partBytes), 1000));
      for await (const chunk of storage.get("dump.rdb")) {
        expect(chunk.byteLength).toBeGreaterThan(0);
        break;
      }
      const abort = new AbortController();
      const reading = async () => {
        for await (const _ of storage.get("dump.rdb", { signal: abort.signal })) abort.abort(new Error("enough"));
      };
      // A file of one chunk is over before the abort is seen.
      expect(await reading().catch((error: Error) => error.message)).toBeOneOf(["enough", undefined]);
    });

    scenario(
      "a file that is replaced while it is read is never mixed with the other",
      async ({ storage, partBytes }) => {
        const before = contentOf(4 * partBytes);
        await storage.put("dump.rdb", inChunks(before, 1000));
        const chunks: Uint8Array[] = [];
        const reading = async () => {
          for await (const chunk of storage.get("dump.rdb")) {
            if (chunks.length === 0) await storage.put("dump.rdb", inChunks(contentOf(4 * partBytes, 1), 1000));
            chunks.push(chunk);
          }
          return "whole";
        };
        const outcome = await reading().catch((error: StorageError) => error.code);
        expect(outcome).toBeOneOf(["whole", "Changed"]);
        const got = Buffer.concat(chunks);
        expect(got.equals(before.subarray(0, got.length))).toBe(true);
        if (outcome === "whole") expect(got.length).toBe(before.length);
      },
    );
  });
}

/** Bytes that differ wherever they are cut. */
export function contentOf(bytes: number, variant = 0): Buffer {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at++) content[at] = (Math.imul(at + variant, 2_654_435_761) >>> 13) & 0xff;
  return content;
}

export async function* inChunks(
  content: Uint8Array,
  chunkBytes: number,
  options: { failure?: Error } = {},
): AsyncIterable<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += chunkBytes) yield content.subarray(at, at + chunkBytes);
  if (options.failure !== undefined) throw options.failure;
}

export async function read(
  storage: Storage,
  name: string,
  options: Parameters<Storage["get"]>[1] = {},
): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(storage.get(name, options)));
}

export async function codeOf(call: Promise<unknown>): Promise<StorageErrorCode | undefined> {
  return call.then(
    () => undefined,
    (error: StorageError) => error.code,
  );
}

async function names(files: AsyncIterable<StoredFile>): Promise<string[]> {
  return (await Array.fromAsync(files)).map((file) => file.name);
}

async function expectEmpty({ storage, leftovers }: StorageFixture): Promise<void> {
  expect(await storage.stat("dump.rdb")).toBeNull();
  expect(await names(storage.list(""))).toEqual([]);
  expect(await leftovers()).toEqual([]);
}

function expectRising(seen: readonly number[], last: number): void {
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBe(last);
}

/** Gives the content, and then nothing, for ever. */
function hanging(content: Buffer): AsyncIterable<Uint8Array> & { hangs: Promise<void>; isClosed(): boolean } {
  const hangs = Promise.withResolvers<void>();
  let isClosed = false;
  let at = 0;
  const next = (): Promise<IteratorResult<Uint8Array>> => {
    if (at >= content.length) {
      hangs.resolve();
      return new Promise(() => {});
    }
    const value = content.subarray(at, at + 1000);
    at += 1000;
    return Promise.resolve({ done: false, value });
  };
  const close = (): Promise<IteratorResult<Uint8Array>> => {
    isClosed = true;
    return Promise.resolve({ done: true, value: undefined });
  };
  return {
    hangs: hangs.promise,
    isClosed: () => isClosed,
    [Symbol.asyncIterator]: () => ({ next, return: close }),
  };
}

async function* watched(content: Buffer, look: () => Promise<void>): AsyncIterable<Uint8Array> {
  const bytes = Math.ceil(content.length / 4);
  for await (const chunk of inChunks(content, bytes)) {
    await look();
    yield chunk;
  }
  await look();
}
