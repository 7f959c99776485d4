/** Lists in pages. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { CacheId } from "@larder/api";
import { ControllerFixture } from "../controller-fixture.ts";
import { cacheFixture, nodeFixture } from "../documents/cache-fixture.ts";
import { cacheKey } from "../documents/document-keys.ts";
import { SqliteStore } from "../store/sqlite-store.ts";

const cachesCount = 1_010;
const fixture = new ControllerFixture();
let caches: string;

beforeAll(async () => {
  const data = join(fixture.directory, "data");
  mkdirSync(data, { mode: 0o700 });
  const store = SqliteStore.open(join(data, "store.db"), fixture.keys.open());
  const put = Array.from({ length: cachesCount }, (_, index) => cacheAt(index)).map((value) => ({
    key: cacheKey(value.name),
    value,
  }));
  await store.transact({ put });
  await store.close();
  await fixture.start({ agent: false });
  caches = `/subscriptions/${await fixture.subscription()}/providers/Microsoft.Cache/redis`;
});
afterAll(() => fixture.stop());

function cacheAt(index: number) {
  const name = `cache-${String(index).padStart(4, "0")}`;
  const node = nodeFixture(`${name}-1`, "host-1");
  const ports = { tls: { port: 10_000 + 2 * index, served: true }, plain: { port: 10_001 + 2 * index, served: true } };
  const route = { epoch: 1, node: { nodeId: node.nodeId, hostId: "host-1", runId: "1" }, readNodes: [] };
  const cacheId = name as CacheId;
  return cacheFixture({
    name,
    cacheId,
    nodes: [node],
    ports,
    change: null,
    settledGeneration: 1,
    route: route as never,
  });
}

async function pagesFrom(query: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let url: string | undefined = `${caches}?api-version=2024-11-01${query}`; url !== undefined; ) {
    const { body } = await fixture.call("GET", url);
    pages.push(body.value.map(({ name }: { name: string }) => name));
    url = body.nextLink;
  }
  return pages;
}

describe("a list", () => {
  test("has a thousand at once and leads on to the rest, under the caller's address", async () => {
    const { body } = await fixture.call("GET", caches);
    expect(body.value).toHaveLength(1_000);
    expect(body.nextLink).toStartWith(`${fixture.base}${caches}?api-version=2024-11-01&`);
    const pages = await pagesFrom("");
    expect(pages.map((page) => page.length)).toEqual([1_000, 10]);
    expect(new Set(pages.flat()).size).toBe(cachesCount);
  });

  test("has pages as small as asked", async () => {
    const pages = await pagesFrom("&$top=500");
    expect(pages.map((page) => page.length)).toEqual([500, 500, 10]);
    expect(pages.flat()).toEqual(pages.flat().toSorted());
  });

  test.each(["&$top=0", "&$top=many", "&$skipToken=", "&$skiptoken=%00"])("with '%s' is refused", async (query) => {
    const { status, body } = await fixture.call("GET", `${caches}?api-version=2024-11-01${query}`);
    expect([status, body.error.code]).toEqual([400, "InvalidParameter"]);
  });
});
