import { expect, test } from "bun:test";
import type { HostResource, NodeFill } from "@larder/api/host-protocol";
import { fillsInTheWay } from "./host-view.ts";

const fill: NodeFill = {
  id: "import-1",
  kind: "import",
  status: "running",
  paused: false,
  cutOver: null,
  progress: { state: "running", keys: 5, keysTotal: null, bytes: 64, bytesTotal: 100 },
};

function linesOf(changes: Partial<NodeFill> | null, draining = true): string[] {
  const node = { nodeId: "shop-1", cache: "shop", fill: changes && { ...fill, ...changes } };
  return fillsInTheWay({ draining, nodes: [node] } as unknown as HostResource);
}

test("a drained host says what it waits for, and how to end that", () => {
  expect(linesOf({})).toEqual(["an import into shop (64 %); `larder transfer cancel shop import-1` ends it."]);
  expect(linesOf({ status: "waiting", progress: null })).toEqual([
    "an import into shop; `larder transfer cancel shop import-1` ends it.",
  ]);
  expect(linesOf({ status: "cuttingOver" })).toEqual(["an import into shop, which is taking over."]);
  const following = { state: "following", keys: 5, keysTotal: null, bytes: 64, bytesTotal: null } as const;
  expect(linesOf({ id: "migrate-1", kind: "migrate", cutOver: "manual", progress: following })).toEqual([
    "a migration into shop, which follows its source until `larder transfer cutover shop migrate-1`; `larder transfer cancel shop migrate-1` ends it.",
  ]);
});

test("nothing is said of other nodes and other hosts", () => {
  expect(linesOf(null)).toEqual([]);
  expect(linesOf({}, false)).toEqual([]);
});
