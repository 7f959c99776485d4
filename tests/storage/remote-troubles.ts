/** What remote storage does to those who use it, as one suite for each protocol. */
import { describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import type { Storage, StorageError, StorageLimits } from "@larder/storage";
import { codeOf, contentOf, inChunks, read } from "../../packages/storage/storage-contract.ts";
import { type HostileHttp, startHostileHttp } from "../fixture/hostile-http.ts";

export interface Troubled {
  /** Of the server, without the proxy. */
  origin: string;
  /** An empty storage behind the proxy, and what is left in it of uploads that failed. */
  open(origin: string, limits: Partial<StorageLimits>): Promise<{ storage: Storage; uploads: () => Promise<string[]> }>;
  /** How the protocol's requests look, by their lines. */
  lines: { put: RegExp; part: RegExp; complete: RegExp; get: RegExp; stat: RegExp; list: RegExp; remove: RegExp };
  /** What must be in no error. */
  secrets(): string[];
  /** What a service that is full answers. */
  full: { status: number; headers: Record<string, string>; body: string };
}

const partBytes = 20_000;
/** They run side by side, against one server. */
const timeoutMs = 60_000;
const limits: Partial<StorageLimits> = {
  partBytes,
  attemptsMax: 3,
  pauseMs: { firstMs: 1, maxMs: 5 },
  idleTimeoutMs: 150,
  partTimeoutMs: 150,
};

export function describeTroubles(name: string, troubled: () => Troubled): void {
  /** Nothing is slow but what is meant to be: the time limits are for that scenario alone. */
  const scenario = (
    title: string,
    body: (at: { storage: Storage; uploads: () => Promise<string[]>; proxy: HostileHttp } & Troubled) => Promise<void>,
    own: Partial<StorageLimits> = { idleTimeoutMs: 10_000, partTimeoutMs: 10_000 },
  ) =>
    test.concurrent(
      title,
      async () => {
        const it = troubled();
        const proxy = await startHostileHttp(it.origin);
        const { storage, uploads } = await it.open(proxy.origin, { ...limits, ...own });
        try {
          await body({ ...it, storage, uploads, proxy });
        } finally {
          storage.close();
          proxy.stop();
        }
      },
      timeoutMs,
    );

  describe(`${name}: answers that are no success`, () => {
    scenario("a busy server is asked again, for each kind of request", async ({ storage, proxy, lines }) => {
      const content = contentOf(2 * partBytes + 1);
      for (const line of [lines.part, lines.complete]) {
        proxy.meet(line, { kind: "status", status: 503 }, 2);
        await storage.put("dump.rdb", inChunks(content, 1000));
      }
      proxy.meet(lines.put, { kind: "status", status: 500 }, 2);
      await storage.put("small.rdb", inChunks(Buffer.from("small"), 5));
      proxy.meet(lines.get, { kind: "status", status: 429 }, 2);
      expect(content.equals(await read(storage, "dump.rdb"))).toBe(true);
      proxy.meet(lines.stat, { kind: "status", status: 503 }, 2);
      expect((await storage.stat("dump.rdb"))?.bytes).toBe(content.length);
      proxy.meet(lines.list, { kind: "status", status: 503 }, 2);
      expect(await Array.fromAsync(storage.list(""))).toHaveLength(2);
      proxy.meet(lines.remove, { kind: "status", status: 503 }, 2);
      await storage.remove("dump.rdb");
      expect(await storage.stat("dump.rdb")).toBeNull();
    });

    scenario("a server that stays busy is given up after so many attempts", async ({ storage, proxy, lines }) => {
      await storage.put("dump.rdb", inChunks(Buffer.from("as it was"), 9));
      proxy.meet(/./, { kind: "status", status: 503 });
      const asked = proxy.requests.length;
      const error = await storage.stat("dump.rdb").catch((caught: StorageError) => caught);
      expect(error).toMatchObject({ code: "Unavailable", retryable: true, file: "dump.rdb" });
      expect(proxy.requests.length - asked).toBe(3);
      expect(await codeOf(storage.put("dump.rdb", inChunks(Buffer.from("new"), 3)))).toBe("Unavailable");
      proxy.meet(lines.get, { kind: "status", status: 503 });
      expect(await codeOf(read(storage, "dump.rdb"))).toBe("Unavailable");
      proxy.meet(/nothing/, { kind: "hang" });
      expect((await read(storage, "dump.rdb")).toString()).toBe("as it was");
    });

    scenario("a refusal is final, and leaves what was there", async ({ storage, proxy, lines, uploads }) => {
      const before = contentOf(10);
      await storage.put("dump.rdb", inChunks(before, 10));
      for (const [status, code] of [
        [403, "Forbidden"],
        [404, "NotFound"],
        [413, "TooLarge"],
      ] as const) {
        proxy.meet(lines.part, { kind: "status", status });
        expect(await codeOf(storage.put("dump.rdb", inChunks(contentOf(5 * partBytes), 1000)))).toBe(code);
      }
      proxy.meet(lines.get, { kind: "status", status: 403 });
      expect(await codeOf(read(storage, "dump.rdb"))).toBe("Forbidden");
      proxy.meet(/nothing/, { kind: "hang" });
      expect(before.equals(await read(storage, "dump.rdb"))).toBe(true);
      expect(await uploads()).toEqual([]);
    });

    scenario("a storage without room says that it is full", async ({ storage, proxy, lines, full }) => {
      proxy.meet(lines.part, { kind: "status", ...full });
      const put = storage.put("dump.rdb", inChunks(contentOf(3 * partBytes), 1000));
      expect(await put.catch((error: StorageError) => error)).toMatchObject({ code: "Full", retryable: false });
      expect(await storage.stat("dump.rdb")).toBeNull();
    });

    scenario("a redirect is not followed", async ({ storage, proxy, origin }) => {
      const other = await startHostileHttp(origin);
      try {
        for (const status of [301, 302, 307, 308]) {
          const body = "<Error><Code>PermanentRedirect</Code></Error>";
          proxy.meet(/./, { kind: "status", status, headers: { location: `${other.origin}/dump.rdb` }, body });
          expect(await codeOf(read(storage, "dump.rdb"))).toBe("Failed");
          expect(await codeOf(storage.put("dump.rdb", inChunks(Buffer.from("x"), 1)))).toBe("Failed");
        }
        expect(other.requests).toEqual([]);
      } finally {
        other.stop();
      }
    });

    scenario("no error has a key or a signature in it", async ({ storage, proxy, secrets }) => {
      const errors: unknown[] = [];
      for (const status of [302, 400, 403, 404, 409, 500, 503]) {
        proxy.meet(/./, {
          kind: "status",
          status,
          body: "<Error><Code>a?sig=b</Code><Message>sig=x</Message></Error>",
        });
        errors.push(await storage.put("dump.rdb", inChunks(Buffer.from("x"), 1)).catch((error: unknown) => error));
        errors.push(await read(storage, "dump.rdb").catch((error: unknown) => error));
        errors.push(await Array.fromAsync(storage.list("")).catch((error: unknown) => error));
      }
      proxy.meet(/./, { kind: "cut", afterBytes: 0 });
      errors.push(await read(storage, "dump.rdb").catch((error: unknown) => error));
      errors.push(storage.description);
      const text = errors.map((error) => inspect(error, { depth: 10, showHidden: true })).join("\n");
      expect(text).toContain("StorageError");
      for (const secret of [...secrets(), "sig="]) expect(text).not.toContain(secret);
    });

    scenario("a server of another kind is no storage", async ({ storage, proxy }) => {
      proxy.meet(/./, {
        kind: "status",
        status: 200,
        body: "<html>Welcome</html>",
        headers: { "content-type": "text/html" },
      });
      const { code } = (await read(storage, "dump.rdb").catch((error: unknown) => error)) as StorageError;
      expect(code).toBeOneOf(["Failed", "Unavailable"]);
    });
  });

  describe(`${name}: connections that break`, () => {
    scenario("a get goes on from where its connection was lost", async ({ storage, proxy, lines }) => {
      const content = contentOf(3 * partBytes + 5);
      await storage.put("dump.rdb", inChunks(content, 1000));
      proxy.meet(lines.get, { kind: "cut", afterBytes: 7_000 }, 2);
      const asked = proxy.requests.length;
      expect(content.equals(await read(storage, "dump.rdb"))).toBe(true);
      const ranges = proxy.requests.slice(asked).map(({ range }) => range);
      expect(ranges).toContain("bytes=7000-19999");
    });

    scenario(
      "a put sends a lost part again, and asks again for a lost end",
      async ({ storage, proxy, lines, uploads }) => {
        const content = contentOf(3 * partBytes + 5);
        for (const [line, fault] of [
          [lines.part, { kind: "lose" }],
          [lines.complete, { kind: "lose" }],
        ] as const) {
          proxy.meet(line, fault, 1);
          await storage.put("dump.rdb", inChunks(content, 1000));
          expect(content.equals(await read(storage, "dump.rdb"))).toBe(true);
          expect((await storage.stat("dump.rdb"))?.sha256).not.toBeNull();
        }
        expect(await uploads()).toEqual([]);
      },
    );

    scenario("bytes that changed on their way are found at the end", async ({ storage, proxy, lines }) => {
      const content = contentOf(2 * partBytes);
      await storage.put("dump.rdb", inChunks(content, 1000));
      proxy.meet(lines.get, { kind: "flip", at: 777 }, 1);
      const error = await read(storage, "dump.rdb").catch((caught: StorageError) => caught);
      expect(error).toMatchObject({ code: "ChecksumMismatch", file: "dump.rdb", offset: content.length });
    });
  });

  const impatient = { idleTimeoutMs: 300, partTimeoutMs: 600 };
  describe(`${name}: silence`, () => {
    scenario(
      "a server that hangs is slow, after so many attempts",
      async ({ storage, proxy }) => {
        proxy.meet(/./, { kind: "hang" });
        const error = await read(storage, "dump.rdb").catch((caught: StorageError) => caught);
        expect(error).toMatchObject({ code: "Slow", retryable: true, file: "dump.rdb" });
        // One that does not even connect in time was an attempt, too.
        expect(proxy.requests.length).toBeLessThanOrEqual(3);
      },
      impatient,
    );

    scenario(
      "a get goes on from where nothing more came",
      async ({ storage, proxy, lines }) => {
        const content = contentOf(partBytes + 5);
        await storage.put("dump.rdb", inChunks(content, 1000));
        proxy.meet(lines.get, { kind: "stall", afterBytes: 7_000 }, 1);
        expect(content.equals(await read(storage, "dump.rdb"))).toBe(true);
        expect(proxy.requests.map(({ range }) => range)).toContain("bytes=7000-19999");
      },
      { idleTimeoutMs: 1_000, partTimeoutMs: 10_000 },
    );

    scenario("an abort does not wait for a server that hangs", async ({ storage, proxy }) => {
      proxy.meet(/./, { kind: "hang" });
      const abort = new AbortController();
      const put = storage.put("dump.rdb", inChunks(Buffer.from("x"), 1), { signal: abort.signal });
      const get = read(storage, "dump.rdb", { signal: abort.signal });
      const outcome = Promise.allSettled([put, get]);
      const reason = new Error("not wanted any more");
      abort.abort(reason);
      expect(await outcome).toEqual([
        { status: "rejected", reason },
        { status: "rejected", reason },
      ]);
    });
  });
}
