import { describe, expect, test } from "bun:test";
import type { Address, Leader, NodeId } from "@larder/api";
import {
  asIntake,
  copiedEpochOf,
  type Epochs,
  entered,
  type Feed,
  hasWholeCopy,
  isInSync,
  isSettled,
  parseReplication,
  planRole,
  type ReplicationSeen,
  roleOf,
  type WantedRole,
  wantedRole,
} from "./replication-plan.ts";
import { nowhere } from "./replication-settings.ts";

const user = { name: "nodes", password: "secret" };
const leaderAddress = { host: "10.0.0.1", port: 7001 };
const leader: Leader = {
  epoch: 1,
  firstEpoch: 1,
  nodeId: "a" as NodeId,
  runId: "life-1",
  endedAtMs: null,
  address: leaderAddress,
};
const node = (nodeId: string, runId: string | null, isIntake = false, feed: Feed | null = null) => ({
  nodeId: nodeId as NodeId,
  runId,
  isIntake,
  feed,
});

test("the leader record says what each node is to be", () => {
  const told = (leader: Leader | null, follows = true) => ({ leader, follows });
  const ended = { ...leader, endedAtMs: 1 };
  expect(wantedRole(told(null), node("a", "life-1"))).toEqual({ kind: "unchanged" });
  expect(wantedRole(told(leader), node("a", "life-1"))).toEqual({ kind: "primary" });
  expect(wantedRole(told(ended), node("a", "life-1"))).toEqual({ kind: "detached" });
  expect(wantedRole(told(ended), node("b", "life-1"))).toEqual({ kind: "detached" });
  expect(wantedRole(told(leader), node("a", "life-2"))).toEqual({ kind: "detached" });
  expect(wantedRole(told(leader), node("a", null))).toEqual({ kind: "detached" });
  expect(wantedRole(told(leader), node("b", "life-1"))).toEqual({ kind: "replica", of: leaderAddress });
  expect(wantedRole(told(leader, false), node("b", "life-1"))).toEqual({ kind: "detached" });
});

describe("a node that is being filled", () => {
  const intake = { kind: "intake", feed: null };
  const told = (leader: Leader | null) => ({ leader, follows: true });
  const primary = seen("role:master master_replid:own master_repl_offset:7");
  const initial: Epochs = { epoch: 0, copiedEpoch: 0, historyAtEntry: null, isIntake: true };

  test.each([
    ["no record", null, intake],
    ["one of another node", { ...leader, nodeId: "b" as NodeId }, intake],
    ["one of another life", { ...leader, runId: "life-0" }, intake],
    ["one that has ended", { ...leader, endedAtMs: 1 }, intake],
    ["one that names it", leader, { kind: "primary" }],
  ])("under %s", (_, record, role) => {
    expect(wantedRole(told(record), node("a", "life-1", true))).toEqual(role as WantedRole);
  });

  test("follows nobody but its feed, and speaks TLS to others again in the same step", () => {
    const user = { name: "", password: "" };
    const feed = { address: { host: "127.0.0.1", port: 7009 }, user: { name: "feed", password: "once" } };
    const at = (following: Address | null, feed: Feed | null) =>
      planRole({ kind: "intake", feed }, { following, isLinked: false, isUnplaced: false }, user);
    const leave = [["MULTI"], ["CONFIG", "SET", "tls-replication", "yes"], ["REPLICAOF", "NO", "ONE"], ["EXEC"]];
    expect(at(null, null)).toEqual([]);
    expect(at(nowhere, null)).toEqual(leave);
    expect(at(feed.address, null)).toEqual(leave);
    expect(at(feed.address, feed)).toEqual([]);
    expect(at(null, feed)).toEqual([
      ["MULTI"],
      ["CONFIG", "SET", "tls-replication", "no"],
      ["CONFIG", "SET", "masteruser", "feed"],
      ["CONFIG", "SET", "masterauth", "once"],
      ["REPLICAOF", "127.0.0.1", "7009"],
      ["EXEC"],
    ]);
  });

  test("has nothing of the cache until a record names it, and again after that was called off", () => {
    const filled = asIntake(initial, { epoch: 4 });
    expect(filled).toEqual({ ...initial, epoch: 4 });
    expect(copiedEpochOf(primary, filled)).toBe(0);
    const leads = entered(primary, filled, { epoch: 5, firstEpoch: 5 });
    expect(leads).toMatchObject({ epoch: 5, copiedEpoch: 5, isIntake: false });
    const calledOff = asIntake(leads, { epoch: 6 });
    expect(calledOff).toMatchObject({ epoch: 6, copiedEpoch: 0, isIntake: true });
    expect(copiedEpochOf(primary, calledOff)).toBe(0);
  });

  test("that becomes a node like any other has nothing until it was copied to", () => {
    const follows = entered(replica("down", "0", "own"), asIntake(initial, { epoch: 4 }), { epoch: 4, firstEpoch: 2 });
    expect(follows).toEqual({ epoch: 4, copiedEpoch: 0, historyAtEntry: "own", isIntake: false });
    expect(copiedEpochOf(replica("up", "0", "new"), follows)).toBe(4);
  });
});

describe("the commands to a role, from what is followed now", () => {
  const other = { host: "10.0.0.1", port: 7002 };
  const promote = [["REPLICAOF", "NO", "ONE"]];
  const detach = [["REPLICAOF", "127.0.0.1", "0"]];
  const follow = [
    ["CONFIG", "SET", "masteruser", "nodes"],
    ["CONFIG", "SET", "masterauth", "secret"],
    ["REPLICAOF", "10.0.0.1", "7001"],
  ];
  const primary = { kind: "primary" } as const;
  const detached = { kind: "detached" } as const;
  const unchanged = { kind: "unchanged" } as const;
  const replica = { kind: "replica", of: leaderAddress } as const;

  test.each([
    [unchanged, null, []],
    [unchanged, nowhere, []],
    [primary, null, []],
    [primary, nowhere, promote],
    [primary, leaderAddress, promote],
    [detached, null, detach],
    [detached, nowhere, []],
    [detached, leaderAddress, detach],
    [replica, null, follow],
    [replica, nowhere, follow],
    [replica, leaderAddress, []],
    [replica, other, follow],
  ])("%o from %o", (wanted, following, commands) => {
    expect(planRole(wanted, { following, isLinked: false, isUnplaced: false }, user)).toEqual(commands);
  });

  const followAnew = [...follow.slice(0, 2), ["MULTI"], ...promote, ...follow.slice(2), ["EXEC"]];
  test.each([
    [replica, leaderAddress, true, followAnew],
    [replica, leaderAddress, false, []],
    [replica, other, false, followAnew],
    [replica, nowhere, false, followAnew],
    [detached, leaderAddress, true, detach],
    [detached, nowhere, false, []],
    [primary, leaderAddress, true, promote],
  ])("%o from %o with a copy that has no place, linked: %p", (wanted, following, isLinked, commands) => {
    expect(planRole(wanted, { following, isLinked, isUnplaced: true }, user)).toEqual(commands);
  });
});

function replica(link: string, syncing: string, history = "old"): ReplicationSeen {
  const status = `master_link_status:${link} master_sync_in_progress:${syncing} master_replid:${history}`;
  return seen(`role:slave master_host:h master_port:1 ${status}`);
}

function seen(lines: string): ReplicationSeen {
  return parseReplication(new Map(lines.split(" ").map((line) => line.split(/:(.*)/, 2) as [string, string])));
}

describe("what an engine says", () => {
  const followed =
    "role:master connected_slaves:2 master_repl_offset:900 " +
    "slave0:ip=10.0.0.2,port=7003,state=online,offset=890,lag=1,type=replica " +
    "slave1:ip=10.0.0.2,port=7004,state=bg_rdb_load,offset=0,lag=0,type=rdb-channel " +
    "slave2:ip=10.0.0.2,port=7004,state=wait_bgsave,offset=0,lag=0,type=main-channel";

  test("of a primary: who follows it, each once", () => {
    const primary = seen(followed);
    expect(roleOf(primary)).toBe("primary");
    expect(primary).toMatchObject({ following: null, offset: 900 });
    expect(primary.replicas).toEqual([
      { address: "10.0.0.2:7003", offset: 890, lagSeconds: 1, state: "online" },
      { address: "10.0.0.2:7004", offset: 0, lagSeconds: 0, state: "wait_bgsave" },
    ]);
    expect(isSettled(primary)).toBe(false);
  });

  test("of a primary: a replica that has not said how far it is gets nothing yet", () => {
    const { replicas } = seen("role:master slave0:ip=10.0.0.2,port=7003,state=online,offset=0,lag=0,type=replica");
    expect(replicas[0]?.state).toBe("copied");
  });

  test("of a primary: an export copies like a replica, and is none", () => {
    const one = seen("role:master slave0:ip=/run/a.sock,port=0,state=send_bulk,offset=0,lag=0,type=replica");
    expect(one.replicas).toEqual([]);
  });

  test("of a primary: settled when all are online and near", () => {
    const one = (fields: string) => seen(`role:master master_repl_offset:2000000 slave0:ip=h,port=1,${fields}`);
    expect(isSettled(seen("role:master master_repl_offset:0"))).toBe(true);
    expect(isSettled(one("state=online,offset=1999000,lag=1"))).toBe(true);
    expect(isSettled(one("state=online,offset=1999000,lag=2"))).toBe(false);
    expect(isSettled(one("state=online,offset=1000,lag=0"))).toBe(false);
  });

  test("of a replica: linked only once the first copy is complete", () => {
    const replica = (link: string, syncing: string) =>
      seen(
        "role:slave master_host:10.0.0.1 master_port:7001 " +
          `master_link_status:${link} master_sync_in_progress:${syncing} master_repl_offset:42 master_replid:c0ffee`,
      );
    expect(roleOf(replica("up", "0"))).toBe("replica");
    expect(replica("up", "0")).toEqual({
      following: leaderAddress,
      isLinked: true,
      isCopying: false,
      isUnplaced: false,
      offset: 42,
      history: "c0ffee",
      replicas: [],
    });
    expect([replica("up", "0"), replica("up", "1"), replica("down", "0")].map(isSettled)).toEqual([true, false, false]);
  });

  describe("of a replica: its copy has a place in the stream, unless it came by the old SYNC", () => {
    const linked = "role:slave master_host:h master_port:1 master_link_status:up master_sync_in_progress:0";
    const active = "repl_backlog_active:1 repl_backlog_first_byte_offset";
    const before: Epochs = { epoch: 3, copiedEpoch: 3, historyAtEntry: "older", isIntake: false };

    test.each([
      ["a copy", `master_replid:old master_repl_offset:0 ${active}:1`, true],
      ["a copy that asked to go on", `master_replid:old master_repl_offset:900 ${active}:700`, true],
      [
        "never a copy",
        "master_replid:old master_repl_offset:0 repl_backlog_active:0 repl_backlog_first_byte_offset:0",
        true,
      ],
      ["at -1, with the history of before", `master_replid:old master_repl_offset:-1 ${active}:0`, false],
      ["went on from -1", `master_replid:old master_repl_offset:41 ${active}:0`, false],
      ["without a history", `master_replid: master_repl_offset:41 ${active}:7`, false],
    ])("%s", (_, lines, isPlaced) => {
      const state = seen(`${linked} ${lines}`);
      expect([isInSync(state), isSettled(state), !state.isUnplaced]).toEqual([isPlaced, isPlaced, isPlaced]);
      expect(copiedEpochOf(state, before)).toBe(isPlaced ? 3 : 0);
      expect(copiedEpochOf({ ...state, isLinked: false }, before)).toBe(isPlaced ? 3 : 0);
      expect(entered(state, before, { epoch: 5, firstEpoch: 3 }).copiedEpoch).toBe(isPlaced ? 5 : 0);
    });

    test("a primary's is where it is", () => {
      expect(seen(`role:master master_replid:new master_repl_offset:5 ${active}:0`).isUnplaced).toBe(false);
    });
  });

  test("what it holds whole: what its leader has, once linked; nothing while it is being given all of it", () => {
    const before = { epoch: 3, copiedEpoch: 2, historyAtEntry: "old", isIntake: false };
    const held = [replica("down", "0"), replica("down", "1"), replica("up", "0"), seen("role:master")];
    expect(held.map((each) => copiedEpochOf(each, before))).toEqual([2, 0, 3, 3]);
  });

  test("what it holds whole: also what it went on with before the link was lost again", () => {
    const before = { epoch: 3, copiedEpoch: 2, historyAtEntry: "old", isIntake: false };
    expect(copiedEpochOf(replica("down", "0", "new"), before)).toBe(3);
    expect(copiedEpochOf(replica("down", "1", "new"), before)).toBe(0);
    expect(copiedEpochOf(replica("down", "0", "new"), { ...before, historyAtEntry: null })).toBe(2);
  });

  describe("under a newer record", () => {
    const before = { epoch: 3, copiedEpoch: 2, historyAtEntry: "old", isIntake: false };
    const next = { epoch: 5, firstEpoch: 5 };
    const later = { epoch: 5, firstEpoch: 3 };

    test.each([
      ["it holds what it held", replica("down", "0"), next, { copiedEpoch: 2, historyAtEntry: "old" }],
      ["what it went on with counts", replica("down", "0", "new"), next, { copiedEpoch: 3, historyAtEntry: "new" }],
      ["that of the same leader is its data", replica("down", "0", "new"), later, { copiedEpoch: 5 }],
      ["that of one before is not", replica("down", "0"), later, { copiedEpoch: 2 }],
      ["it is linked already", replica("up", "0", "new"), later, { copiedEpoch: 5 }],
      ["it is a primary", seen("role:master"), next, { copiedEpoch: 5 }],
      ["it is being copied to", replica("down", "1", "new"), later, { copiedEpoch: 0 }],
    ])("%s", (_, state, leader, expected) => {
      expect(entered(state, before, leader)).toMatchObject({ epoch: 5, ...expected });
    });
  });

  test("of a detached one: nothing is under way", () => {
    const detached = seen(
      "role:slave master_host:127.0.0.1 master_port:0 master_link_status:down master_sync_in_progress:0",
    );
    expect(roleOf(detached)).toBe("detached");
    expect(isSettled(detached)).toBe(true);
  });
});

describe("whether it may be read from while it has no link", () => {
  const replica = (status: string, copying = 0) =>
    seen(
      `role:slave master_host:10.0.0.1 master_port:7001 master_link_status:${status} master_sync_in_progress:${copying}`,
    );
  const detached = seen(
    "role:slave master_host:127.0.0.1 master_port:0 master_link_status:down master_sync_in_progress:0",
  );

  test.each([
    ["a replica whose leader was lost", replica("down"), { epoch: 2, copiedEpoch: 2 }, true],
    ["a replica that begins to follow another leader", replica("down"), { epoch: 3, copiedEpoch: 2 }, false],
    ["one that is being copied to", replica("down", 1), { epoch: 2, copiedEpoch: 0 }, false],
    ["a new life", detached, { epoch: 0, copiedEpoch: 0 }, false],
    ["one that stopped with what it had", detached, { epoch: 2, copiedEpoch: 2 }, true],
  ])("%s", (_, state, epochs, may) => {
    expect(hasWholeCopy(state, epochs)).toBe(may);
  });
});
