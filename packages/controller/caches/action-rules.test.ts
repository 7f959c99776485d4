import { describe, expect, test } from "bun:test";
import { LarderError, type NodeId, type NodeObserved, type RebootType } from "@larder/api";
import type { CacheDocument } from "../documents/cache-document.ts";
import { cacheFixture, nodeFixture } from "../documents/cache-fixture.ts";
import { flushTarget, rebooted, switchedOver, updateAsked } from "./action-rules.ts";
import type { CacheLives } from "./cache-lives.ts";

const change = null;

/** Three nodes, of which "a" leads. */
function replicated(changes: Partial<CacheDocument> = {}): CacheDocument {
  const nodes = ["a", "b", "c"].map((id) => nodeFixture(id, `host-${id}`));
  const address = { host: "127.0.0.1", port: 20_000 };
  const leader = {
    ...cacheFixture().leader,
    epoch: 1,
    firstEpoch: 1,
    nodeId: "a" as NodeId,
    runId: "life-a",
    endedAtMs: null,
    address,
  };
  return cacheFixture({ change, nodes, leader, ...changes });
}

/** "a b!": a runs; b runs and is in sync. */
function lives(text: string): CacheLives {
  return new Map(
    text.split(" ").map((word) => {
      const nodeId = word.replace("!", "") as NodeId;
      const node = { nodeId, runId: `life-${nodeId}`, replication: { inSync: word.endsWith("!") } };
      return [nodeId, node as NodeObserved];
    }),
  );
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof LarderError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "none";
}

const ends = ({ nodes }: CacheDocument) => nodes.map(({ endRunId }) => endRunId);

describe("a reboot", () => {
  test.each<[RebootType, (string | null)[], boolean]>([
    ["PrimaryNode", ["life-a", null, null], true],
    ["SecondaryNode", [null, "life-b", "life-c"], false],
    ["AllNodes", ["life-a", "life-b", "life-c"], false],
  ])("of %s", (type, endRunIds, isRelieved) => {
    const before = replicated();
    const { cache, note } = rebooted(before, lives("a b! c!"), type);
    expect(ends(cache)).toEqual(endRunIds);
    expect(cache.relieve).toEqual(isRelieved ? { runId: "life-a", cause: "reboot" } : null);
    expect(cache).toMatchObject({ generation: before.generation + 1 });
    expect(note.kind).toBe("reboot");
  });

  test("of a node alone ends it at once", () => {
    const { cache } = rebooted(cacheFixture({ change }), lives("shop-1"), "PrimaryNode");
    expect(cache).toMatchObject({ relieve: null });
    expect(ends(cache)).toEqual(["life-shop-1"]);
  });

  test.each<[string, CacheDocument, string, RebootType]>([
    ["InvalidParameter: 'shop' has no replica.", cacheFixture({ change }), "shop-1", "SecondaryNode"],
    ["Conflict: No replica of 'shop' has all", replicated(), "a b c", "PrimaryNode"],
    ["ServiceUnavailable: 'shop' has no primary", replicated(), "b! c!", "PrimaryNode"],
    ["ServiceUnavailable: None of these", replicated(), "a", "SecondaryNode"],
    ["Conflict: 'shop' is busy", cacheFixture(), "shop-1", "AllNodes"],
  ])("is refused: %s", (message, cache, running, type) => {
    expect(refusal(() => rebooted(cache, lives(running), type))).toStartWith(message);
  });

  test("is refused while another is under way", () => {
    const { cache } = rebooted(replicated(), lives("a b! c!"), "SecondaryNode");
    expect(refusal(() => rebooted(cache, lives("a b! c!"), "AllNodes"))).toStartWith("Conflict: A reboot of 'shop'");
  });
});

describe("a switchover", () => {
  test("relieves the life that leads", () => {
    const cache = switchedOver(replicated(), lives("a b c!"));
    expect(cache.relieve).toEqual({ runId: "life-a", cause: "switchover" });
  });

  test.each<[string, CacheDocument, string]>([
    ["InvalidParameter: 'shop' has no replica", cacheFixture({ change }), "shop-1"],
    ["Conflict: No replica of 'shop' has all", replicated(), "a b c"],
    [
      "Conflict: Another change of the primary",
      replicated({ relieve: { runId: "life-a", cause: "switchover" } }),
      "a b! c!",
    ],
  ])("is refused: %s", (message, cache, running) => {
    expect(refusal(() => switchedOver(cache, lives(running)))).toStartWith(message);
  });
});

describe("a flush", () => {
  test("is for the life that leads, or for the node alone", () => {
    expect(flushTarget(replicated(), lives("a b c"))).toMatchObject({ runId: "life-a", node: { hostId: "host-a" } });
    expect(flushTarget(cacheFixture({ change }), lives("shop-1")).runId).toBe("life-shop-1");
  });

  test("is refused without a primary", () => {
    expect(refusal(() => flushTarget(replicated(), lives("b! c!")))).toStartWith("ServiceUnavailable: ");
  });
});

test("updates start, pause and resume", () => {
  const stopped = { startNow: false, paused: true, stopped: { code: "c", message: "m" } };
  const cache = replicated({ update: stopped });
  expect(updateAsked(cache, "start", true).update).toEqual({ startNow: true, paused: false, stopped: null });
  expect(updateAsked(cache, "pause", true).update).toEqual({ ...stopped, paused: true });
  expect(updateAsked(cache, "resume", true).update).toEqual({ startNow: false, paused: false, stopped: null });
  expect(refusal(() => updateAsked(cache, "start", false))).toStartWith("Conflict: 'shop' has the newest engine");
});
