import { expect, test } from "bun:test";
import { Entry } from "./entry.ts";
import { HistoryReader } from "./history-reader.ts";
import type { Page } from "./stream-log.ts";

/** A history of 1-0 to 100-0, read ten at a time. */
function readerOf(options: { failures?: number } = {}) {
  const asked: string[] = [];
  const troubles: unknown[] = [];
  let failures = options.failures ?? 0;
  const read = async (after: string): Promise<Page> => {
    asked.push(after);
    if (failures-- > 0) throw new Error("away");
    const first = Number(after.split("-")[0]) + 1;
    const ids = Array.from({ length: Math.max(0, Math.min(10, 101 - first)) }, (_, index) => first + index);
    const entries = ids.map((id) => new Entry(`${id}-0`, `${id - 1}-0`, Buffer.from("1")));
    return { after, entries, isComplete: first + 9 >= 100, last: "100-0" };
  };
  const life = new AbortController();
  const onTrouble = (error: unknown) => troubles.push(error);
  const reader = new HistoryReader({ read, onTrouble, signal: life.signal });
  const page = (after: string) => new Promise<Page>((resolve) => reader.read(after, resolve));
  return { asked, troubles, page, reader };
}

test("a thousand who ask for the same are served by one read, and who comes after by what it brought", async () => {
  const { asked, page } = readerOf();
  const pages = await Promise.all(Array.from({ length: 1_000 }, () => page("20-0")));
  expect(new Set(pages).size).toBe(1);
  expect(await page("25-0")).toBe(pages[0] as Page);
  expect(asked).toEqual(["20-0"]);
});

test("those who stand within a page share it, and each page begins where the first who is left stands", async () => {
  const { asked, page } = readerOf();
  const stands = [57, 3, 21, 5, 12, 20, 13].map((number) => `${number}-0`);
  const pages = await Promise.all(stands.map(page));
  expect(asked).toEqual(["3-0", "13-0", "57-0"]);
  for (const [index, { after, entries }] of pages.entries()) {
    expect(Number.parseInt(after, 10)).toBeLessThanOrEqual(Number.parseInt(stands[index] as string, 10));
    expect(Number.parseInt(entries.at(-1)?.id as string, 10)).toBeGreaterThan(
      Number.parseInt(stands[index] as string, 10),
    );
  }
});

test("who stands at the end is not served by what was read before", async () => {
  const { asked, page } = readerOf();
  await page("95-0");
  expect((await page("100-0")).entries).toEqual([]);
  expect(asked).toEqual(["95-0", "100-0"]);
});

test("what fails is asked again, and told", async () => {
  const { asked, troubles, page } = readerOf({ failures: 2 });
  expect((await page("0-0")).entries).toHaveLength(10);
  expect([asked.length, troubles.length]).toEqual([3, 2]);
});

test("what was read is forgotten where the history is not what it was", async () => {
  const { asked, page, reader } = readerOf();
  await page("5-0");
  reader.forget();
  await page("5-0");
  expect(asked).toEqual(["5-0", "5-0"]);
});
