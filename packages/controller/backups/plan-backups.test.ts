/** Scripts of a cache's backups, each played with the controller dying after every step that it wrote down. */
import { describe, expect, test } from "bun:test";
import type { TransferId } from "@larder/api";
import type { BackupDocument, BackupPolicyDocument } from "../documents/backup-document.ts";
import { backupFixture, manifestFixture, policyFixture } from "../documents/backup-fixture.ts";
import { cacheFixture } from "../documents/cache-fixture.ts";
import { isOver, type TransferDocument } from "../documents/transfer-document.ts";
import { transferFixture, transferObservedFixture } from "../documents/transfer-fixture.ts";
import { newBackup, removalFailed, writesOf } from "./apply-backup-action.ts";
import { surplusBackups } from "./backup-retention.ts";
import { planBackups } from "./plan-backups.ts";

const startMs = Date.parse("2026-11-22T00:00:00Z");
const minuteMs = 60_000;

/** What the store and the storage have, and agents that do as they are told. */
class Scripted {
  nowMs = startMs;
  policy: BackupPolicyDocument | null;
  backups: BackupDocument[];
  transfers: TransferDocument[] = [];
  /** What exports come to, one after the other; then they succeed. */
  fates: ("failed" | "cancelled")[] = [];
  storageIsAway = false;
  steps: string[] = [];
  /** Before this step is written down, the controller dies: it is planned anew. */
  diesAt = -1;

  constructor(policy: BackupPolicyDocument | null, backups: BackupDocument[] = []) {
    this.policy = policy;
    this.backups = backups;
  }

  /** Until nothing is to be done at this time. */
  rest(): void {
    for (let count = 0; count < 100; count++) if (!this.#step()) return;
    throw new Error(`no rest: ${this.steps.slice(-10).join(", ")}`);
  }

  after(minutes: number): void {
    for (let minute = 0; minute < minutes; minute++) {
      this.nowMs += minuteMs;
      this.rest();
    }
  }

  get states(): string[] {
    return this.backups.map(({ name, state }) => `${name.slice(11, 16)} ${state}`);
  }

  #step(): boolean {
    this.#endTransfers();
    const { action } = planBackups(this, this.nowMs);
    if (action === null) return this.transfers.some((one) => !isOver(one));
    this.steps.push(action.type);
    const dies = this.steps.length - 1 === this.diesAt;
    if (action.type === "export") this.#begin(action.backup);
    if (dies) return true;
    if (action.type === "begin") {
      const cause = "schedule";
      const asked = { cause, at: action.policy.schedule.to, nowMs: this.nowMs } as const;
      this.backups.push(newBackup(cacheFixture(), asked, this));
      this.policy = { ...action.policy, last: { begunMs: this.nowMs, endedMs: null } };
    } else if (action.type === "removeFiles") this.#remove(action.backup);
    else if (action.type !== "export") {
      const writes = writesOf(action, this.policy, { nowMs: this.nowMs, hostId: "h" });
      if (writes.backup !== undefined) this.#put(writes.backup);
      if (writes.policy !== undefined) this.policy = writes.policy;
    }
    return true;
  }

  #begin({ name, file, at }: BackupDocument): void {
    const label = { name, cache: "shop", cacheId: "cache-1", sku: manifestFixture.sku };
    const task = { kind: "export", to: at, fileName: file, gzip: true, rdbVersion: null, backup: label } as const;
    this.transfers.push(
      transferFixture(task, { transferId: `t${this.transfers.length}` as TransferId, status: "running" }),
    );
  }

  #endTransfers(): void {
    this.transfers = this.transfers.map((one) => {
      if (isOver(one) || one.task.kind !== "export") return one;
      const status = this.fates.shift() ?? "succeeded";
      const backup = { ...manifestFixture, name: one.task.backup?.name ?? "", file: one.task.fileName };
      const progress = transferObservedFixture(one.transferId, status === "succeeded" ? { backup } : {});
      const problem = status === "succeeded" ? null : { code: "StorageUnavailable", message: "away" };
      return { ...one, status, progress, problem, endedMs: this.nowMs };
    });
  }

  #remove(backup: BackupDocument): void {
    if (this.storageIsAway) this.#put(removalFailed(backup, { code: "StorageFailed", message: "away" }, this.nowMs));
    else this.backups = this.backups.filter(({ name }) => name !== backup.name);
  }

  #put(backup: BackupDocument): void {
    this.backups = this.backups.map((one) => (one.name === backup.name ? backup : one));
  }
}

const hourly = () => policyFixture({ everyMinutes: 60, keep: 2 }, { createdMs: startMs });

const scripts: Record<string, () => Scripted> = {
  "made every hour, and two are kept": () => new Scripted(hourly()),
  "failing twice": () => {
    const life = new Scripted(hourly());
    life.fates = ["failed", "failed"];
    return life;
  },
  "without its storage at first": () => {
    const life = new Scripted(hourly());
    life.fates = Array.from({ length: 7 }, () => "failed");
    return life;
  },
};

describe.each(Object.keys(scripts))("%s", (title) => {
  const play = (diesAt = -1) => {
    const life = (scripts[title] as () => Scripted)();
    life.diesAt = diesAt;
    life.rest();
    life.after(250);
    return life;
  };
  const whole = play();

  test("ends with as many good ones as are kept", () => {
    expect(whole.states.filter((state) => state.endsWith("made"))).toHaveLength(2);
  });

  test("ends likewise when the controller dies at any step", () => {
    for (let at = 0; at < whole.steps.length; at++) expect(play(at).states).toEqual(whole.states);
  });
});

test("an export that was begun is not begun again, whoever died", () => {
  const life = new Scripted(hourly());
  life.diesAt = 1;
  life.rest();
  expect(life.steps).toEqual(["begin", "export", "made"]);
  expect(life.transfers).toHaveLength(1);
});

test("what the schedule does not get made is tried again with pauses, and then given up", () => {
  const life = new Scripted(hourly());
  life.fates = Array.from({ length: 5 }, () => "failed");
  life.rest();
  life.after(40);
  expect(life.states).toEqual(["00:00 failed"]);
  expect(life.transfers).toHaveLength(5);
  life.after(60);
  expect(life.states.at(-1)).toEndWith("made");
});

test("what somebody asked for, or cancelled, is not tried again", () => {
  const asked = new Scripted(null, [backupFixture({ state: "making", cause: "asked for" })]);
  asked.fates = ["failed"];
  asked.rest();
  expect(asked.states).toEqual(["00:00 failed"]);
  const cancelled = new Scripted(hourly());
  cancelled.fates = ["cancelled"];
  cancelled.rest();
  cancelled.after(30);
  expect(cancelled.states).toEqual(["00:00 failed"]);
});

test("no two have one name, and none that of a transfer of another", () => {
  const asked = { cause: "asked for", at: backupFixture().at, nowMs: startMs } as const;
  const label = { name: "2026-11-22T00:00:01Z", cache: "shop", cacheId: "cache-1", sku: manifestFixture.sku };
  const task = { kind: "export", to: asked.at, fileName: "f", gzip: true, rdbVersion: null, backup: label } as const;
  const known = { backups: [backupFixture()], transfers: [transferFixture(task)] };
  expect(newBackup(cacheFixture(), asked, known).name).toBe("2026-11-22T00:00:02Z");
});

test("those that were missed while nobody was there are made once", () => {
  const life = new Scripted(policyFixture({ keep: 9 }, { createdMs: startMs }));
  life.rest();
  life.nowMs += 600 * minuteMs;
  life.rest();
  expect(life.states).toEqual(["00:00 made", "10:00 made"]);
});

test("what cannot be removed stays, and goes when its storage is back", () => {
  const life = new Scripted(null, [backupFixture({ state: "removing" })]);
  life.storageIsAway = true;
  life.rest();
  life.after(20);
  expect(life.states).toEqual(["00:00 removing"]);
  expect(life.backups[0]?.problem?.message).toBe("away");
  life.storageIsAway = false;
  life.after(40);
  expect(life.states).toEqual([]);
});

describe("a verification", () => {
  const ended = (status: "succeeded" | "failed", code = "BadFile") => {
    const task = { kind: "verify", at: { url: "file:///b", credentials: null }, manifest: manifestFixture } as const;
    const problem = status === "failed" ? { code, message: "why" } : null;
    return transferFixture(task, { transferId: `v-${status}` as TransferId, status, problem, endedMs: startMs });
  };
  const verdict = (transfer: TransferDocument) => {
    const life = new Scripted(null, [backupFixture()]);
    life.transfers = [transfer];
    life.rest();
    return life.backups[0]?.verified ?? null;
  };

  test("is kept with what it found", () => {
    expect(verdict(ended("succeeded"))).toEqual({ atMs: startMs, isGood: true, message: null });
    expect(verdict(ended("failed"))).toEqual({ atMs: startMs, isGood: false, message: "why" });
  });

  test("that could not look says nothing of the backup", () => {
    expect(verdict(ended("failed", "StorageUnavailable"))).toBeNull();
  });
});

describe("retention", () => {
  const day = (number: number, changes: Partial<BackupDocument> = {}) =>
    backupFixture({ name: `2026-11-${String(number).padStart(2, "0")}T00:00:00Z`, ...changes });
  const gone = (backups: BackupDocument[], schedule: Parameters<typeof policyFixture>[0], inUse: number[] = []) =>
    surplusBackups(backups, policyFixture(schedule).schedule, {
      nowMs: startMs,
      isInUse: ({ name }) => inUse.includes(Number(name.slice(8, 10))),
    }).map(({ name }) => Number(name.slice(8, 10)));

  test("goes by number and by age", () => {
    const all = [18, 19, 20, 21].map((number) => day(number));
    expect(gone(all, { keep: 3 })).toEqual([18]);
    expect(gone(all, { keep: 9, keepDays: 2 })).toEqual([19, 18]);
    expect(gone(all, { keep: 1 }, [19])).toEqual([20, 18]);
  });

  test("keeps the newest good one, whatever the rest is", () => {
    expect(gone([day(1)], { keep: 1, keepDays: 1 })).toEqual([]);
    const bad = { verified: { atMs: 0, isGood: false, message: "no" } };
    expect(gone([day(1), day(2, bad), day(3, bad)], { keep: 1 })).toEqual([2]);
  });

  test("leaves what somebody asked for, and the last failures", () => {
    expect(gone([day(1, { cause: "asked for" }), day(2), day(3)], { keep: 1 })).toEqual([2]);
    const failures = Array.from({ length: 12 }, (_, at) => day(at + 1, { state: "failed" }));
    expect(gone(failures, {})).toEqual([2, 1]);
  });
});
