/** What of append-only files is copied next, and what a manifest in storage may say. */
import { describe, expect, test } from "bun:test";
import type { NodeId } from "@larder/api";
import {
  type Draft,
  emptyDraft,
  isPublished,
  type LocalFiles,
  nextStep,
  setOf,
  supersededParts,
  withPart,
} from "./aof-copy-plan.ts";
import { bytesOf, encodeSet, nodeOf, parseSet, partName, partsOf } from "./aof-set.ts";

const position = { epoch: 2, offset: 500, savedAtMs: 9 };
const sha256 = "a".repeat(64);

function files(base: number, ...increments: number[]): LocalFiles {
  return {
    base: { file: `${base}.base.rdb`, seq: base, bytes: 100 },
    increments: increments.map((bytes, index) => ({ file: `${base + index}.incr.aof`, seq: base + index, bytes })),
  };
}

/** Copies until nothing is left. Returns what was copied: "FILE FROM+BYTES". */
function copyAll(draft: Draft, local: LocalFiles, partBytesMax = 1_000): { draft: Draft; said: string[] } {
  const said: string[] = [];
  let now = draft;
  for (let step = nextStep(now, local, partBytesMax); step; step = nextStep(now, local, partBytesMax)) {
    said.push(`${step.file.file} ${step.from}+${step.bytes}`);
    now = withPart(now, step, { number: now.next, bytes: step.bytes, sha256 });
  }
  return { draft: now, said };
}

const sizes = ({ increments }: Draft) => increments.map(({ parts }) => parts.map(({ bytes }) => bytes));

describe("what is copied next", () => {
  test("the base once, then what has come since", () => {
    const first = copyAll(emptyDraft, files(1, 300));
    expect(first.said).toEqual(["1.base.rdb 0+100", "1.incr.aof 0+300"]);
    expect(copyAll(first.draft, files(1, 300)).said).toEqual([]);
    expect(copyAll(first.draft, files(1, 400)).said).toEqual(["1.incr.aof 300+100"]);
  });

  test("several parts where more came than one may have", () => {
    const { draft, said } = copyAll(emptyDraft, files(1, 2_500));
    expect(said.slice(1)).toEqual(["1.incr.aof 0+1000", "1.incr.aof 1000+1000", "1.incr.aof 2000+500"]);
    expect(sizes(draft)).toEqual([[1_000, 1_000, 500]]);
  });

  test("small parts are joined: their number stays small, and all bytes are there in order", () => {
    let draft = emptyDraft;
    let copied = 0;
    for (let bytes = 10; bytes <= 20_000; bytes += 10) {
      const done = copyAll(draft, files(1, bytes));
      draft = done.draft;
      copied += done.said
        .filter((line) => line.includes("incr"))
        .reduce((sum, line) => sum + Number(line.split("+")[1]), 0);
      expect(bytesOf(draft.increments[0]?.parts ?? [])).toBe(bytes);
      expect(draft.increments[0]?.parts.length).toBeLessThan(bytes / 500 + 10);
    }
    expect(copied).toBeLessThan(20_000 * 8);
  });

  test("after a rewrite only the base, and what came into the increment that the engine had begun with it", () => {
    const during = copyAll(emptyDraft, { ...files(1, 300, 50) }).draft;
    const after: LocalFiles = {
      base: { file: "2.base.rdb", seq: 2, bytes: 80 },
      increments: [{ file: "2.incr.aof", seq: 2, bytes: 70 }],
    };
    const { draft, said } = copyAll(during, after);
    expect(said).toEqual(["2.base.rdb 0+80", "2.incr.aof 50+20"]);
    const [before, now] = [setOf(during, files(1, 300, 50), position), setOf(draft, after, position)];
    expect(now.increments.map(({ file }) => file)).toEqual(["2.incr.aof"]);
    expect(supersededParts(partsOf(before), partsOf(now))).toEqual([1, 2]);
  });

  test("a file that seems shorter than what was copied is left alone", () => {
    const { draft } = copyAll(emptyDraft, files(1, 300));
    expect(copyAll(draft, files(1, 200)).said).toEqual([]);
  });

  test("another leader's epoch is published, the time alone is not", () => {
    const { draft } = copyAll(emptyDraft, files(1, 300));
    const set = setOf(draft, files(1, 300), position);
    expect(isPublished({ ...set, savedAtMs: 10, offset: 600 }, set)).toBe(true);
    expect(isPublished({ ...set, epoch: 3 }, set)).toBe(false);
    expect(isPublished(set, null)).toBe(false);
  });
});

describe("the manifest in storage", () => {
  const about = { cacheId: "cache-1", nodeId: "shop-0" as NodeId };
  const local = files(1, 300, 0);
  const set = setOf(copyAll(emptyDraft, local).draft, local, position);

  test("comes back as it was, with an increment that is empty", () => {
    expect(parseSet(encodeSet(set, about))).toEqual(set);
    expect(set.increments[1]).toEqual({ file: "2.incr.aof", seq: 2, parts: [] });
  });

  test("anything else is none", () => {
    const wrong = [
      { ...set, version: 2 },
      { ...set, base: { ...set.base, file: "../../engine.rdb" } },
      { ...set, base: { ...set.base, bytes: -1 } },
      { ...set, base: { ...set.base, sha256: "x" } },
      { ...set, increments: [set.increments[0], set.increments[0]] },
      { ...set, epoch: "2" },
    ];
    for (const one of wrong) expect(parseSet(JSON.stringify({ version: 1, ...one }))).toBeUndefined();
    for (const text of ["", "null", "[]", encodeSet(set, about).slice(0, -9)]) expect(parseSet(text)).toBeUndefined();
  });

  test("names tell whose file it is", () => {
    expect(nodeOf("c/1/", partName("c/1/", about.nodeId, 12))).toBe(about.nodeId);
    for (const name of ["c/1/aof/shop-0/notes.txt", "c/2/aof/shop-0/manifest.json", "c/1/x.rdb"])
      expect(nodeOf("c/1/", name)).toBeUndefined();
  });
});
