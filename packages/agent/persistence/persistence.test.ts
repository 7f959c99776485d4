/** The decisions of persistence: what is newest, when a snapshot is due, how far append-only files are. */
import { describe, expect, test } from "bun:test";
import type { CacheId, NodeId, ReplicationObserved } from "@larder/api";
import { positionOf } from "./append-only-files.ts";
import { chooseSource } from "./beginning.ts";
import { copiesPrefix, copyName, parseCopy, surplusCopies } from "./copy-name.ts";
import { isStillOf } from "./engine-facts.ts";
import { byNewest } from "./kept-position.ts";
import { isSnapshotDue, type SnapshotFacts } from "./snapshot-schedule.ts";
import type { Snapshot } from "./snapshots.ts";

const minute = 60_000;

describe("what is newest", () => {
  test("the leader's epoch comes first, then the offset, then the time", () => {
    const positions = [
      { epoch: 1, offset: 900, savedAtMs: 9 },
      { epoch: 2, offset: 5, savedAtMs: 3 },
      { epoch: 2, offset: 5, savedAtMs: 4 },
      { epoch: 2, offset: 7, savedAtMs: 1 },
    ];
    expect(positions.sort(byNewest).map(({ offset, savedAtMs }) => `${offset}@${savedAtMs}`)).toEqual([
      "7@1",
      "5@4",
      "5@3",
      "900@9",
    ]);
  });

  const snapshot: Snapshot = {
    ...{ epoch: 2, offset: 100, savedAtMs: 50, sinceMs: 0, endedAtMs: 51, durationMs: 1, bytes: 10 },
    ...{ number: 3, path: "snapshots/3.rdb" },
  };

  test("of append-only files and a snapshot the newer is loaded", () => {
    const aof = (offset: number) => ({ epoch: 2, offset, savedAtMs: 1, bytes: 7 });
    expect(chooseSource(aof(99), [snapshot])?.kind).toBe("snapshot");
    expect(chooseSource(aof(101), [snapshot])?.kind).toBe("aof");
    expect(chooseSource(undefined, [snapshot])).toMatchObject({ kind: "snapshot", number: 3 });
    expect(chooseSource(undefined, [])).toBeUndefined();
  });
});

describe("append-only files", () => {
  const note = { sinceMs: 0, epoch: 4, offset: 1_000, base: "1.base", bytes: 300 };
  const files = { base: "1.base", baseBytes: 100, bytes: 300, writtenAtMs: 9 };

  test("what was written after the note counts by its bytes, and what is cut off does not", () => {
    expect(positionOf(note, { ...files, bytes: 350 })).toEqual({ epoch: 4, offset: 1_050, savedAtMs: 9 });
    expect(positionOf(note, { ...files, bytes: 250 }).offset).toBe(950);
  });

  test("after a rewrite only the increment is known to be newer", () => {
    expect(positionOf(note, { base: "2.base", baseBytes: 80, bytes: 95, writtenAtMs: 9 }).offset).toBe(1_015);
  });

  test("of a node alone the time counts", () => {
    expect(positionOf({ ...note, epoch: 0 }, { ...files, bytes: 400 }).offset).toBe(0);
  });
});

describe("a snapshot is due", () => {
  const facts: SnapshotFacts = {
    ...{ nowMs: 100 * minute, everyMs: 15 * minute, sinceMs: 0, endedAtMs: null, failedAtMs: null },
    ...{ isUrgent: false, isWhole: true, isRelieved: false, jitter: 0 },
  };

  test("one interval after the end of the one before, or after it was turned on", () => {
    expect(isSnapshotDue({ ...facts, sinceMs: 86 * minute })).toBe(false);
    expect(isSnapshotDue({ ...facts, sinceMs: 85 * minute })).toBe(true);
    expect(isSnapshotDue({ ...facts, endedAtMs: 86 * minute })).toBe(false);
    expect(isSnapshotDue({ ...facts, endedAtMs: 85 * minute })).toBe(true);
    expect(isSnapshotDue({ ...facts, endedAtMs: 85 * minute, jitter: 0.5 })).toBe(false);
  });

  test("of a clock that was set back, at once", () => {
    expect(isSnapshotDue({ ...facts, endedAtMs: 200 * minute })).toBe(true);
  });

  test("not where a replica takes it, unless it is urgent; never without a whole copy", () => {
    expect(isSnapshotDue({ ...facts, isRelieved: true })).toBe(false);
    expect(isSnapshotDue({ ...facts, isRelieved: true, isUrgent: true })).toBe(true);
    expect(isSnapshotDue({ ...facts, isWhole: false, isUrgent: true })).toBe(false);
  });

  test("not again right after one that failed", () => {
    expect(isSnapshotDue({ ...facts, failedAtMs: 100 * minute - 1_000 })).toBe(false);
    expect(isSnapshotDue({ ...facts, failedAtMs: 99 * minute })).toBe(true);
  });
});

describe("a snapshot that has come to its end", () => {
  const replica: ReplicationObserved = {
    ...{
      address: { host: "127.0.0.1", port: 1 },
      role: "replica",
      epoch: 4,
      copiedEpoch: 4,
      offset: 900,
      inSync: true,
    },
    ...{ hearsLeader: true, holdsWrites: false, replicas: [] },
  };

  test("is not sealed under the older leader's epoch when the replica has copied a newer one meanwhile", () => {
    expect(isStillOf({ epoch: 4 }, replica)).toBe(true);
    expect(isStillOf({ epoch: 3 }, replica)).toBe(false);
    expect(isStillOf({ epoch: 4 }, { ...replica, copiedEpoch: 0 })).toBe(false);
    expect(isStillOf({ epoch: 4 }, { ...replica, inSync: false })).toBe(false);
  });

  test("of a node alone is sealed", () => {
    expect(isStillOf({ epoch: 0 }, null)).toBe(true);
  });
});

describe("names of copies", () => {
  const prefix = copiesPrefix("cache-1" as CacheId, 1_700);
  const position = { epoch: 3, offset: 12_345, savedAtMs: 1_800_000_000_000 };

  test("tell how new they are, and sort by that", () => {
    const name = copyName(prefix, position, "shop-1" as NodeId);
    expect(parseCopy(prefix, name)).toEqual({ name, ...position });
    const newer = copyName(prefix, { ...position, offset: 100_000 }, "shop-0" as NodeId);
    expect([newer, name].sort()).toEqual([name, newer]);
  });

  test("others are none", () => {
    for (const name of [`${prefix}notes.txt`, "cache-1/1699/x.rdb", `${prefix}1-2-3-shop.rdb`])
      expect(parseCopy(prefix, name)).toBeUndefined();
  });

  test("all but the newest may go", () => {
    const copies = [1, 3, 2].map((epoch) => ({ name: String(epoch), epoch, offset: 0, savedAtMs: 0 }));
    expect(surplusCopies(copies, 1).map(({ name }) => name)).toEqual(["2", "1"]);
  });
});
