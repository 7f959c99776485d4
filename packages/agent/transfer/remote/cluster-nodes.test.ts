import { expect, test } from "bun:test";
import { parseClusterNodes } from "./cluster-nodes.ts";

const line = (id: string, place: string, flags: string, slots: string) =>
  `${id} ${place} ${flags} - 0 0 1 connected ${slots}`;

test("the primaries that have slots, sorted by these", () => {
  const text = [
    line("b", "10.0.0.2:6379@16379,host-b", "master", "8192-16383"),
    line("a", ":7000@17000", "myself,master", "0-8191"),
    line("c", "10.0.0.3:6379@16379", "slave", ""),
    line("d", "10.0.0.4:6379@16379", "master,fail", ""),
  ].join("\n");
  expect(parseClusterNodes(text, "asked")).toEqual({
    primaries: [
      { address: { host: "asked", port: 7_000 }, slots: "0-8191" },
      { address: { host: "10.0.0.2", port: 6_379 }, slots: "8192-16383" },
    ],
  });
});

test("a cluster that cannot be copied whole", () => {
  const missing = line("a", "h:1@2", "master", "0-8191 8193");
  expect(parseClusterNodes(missing, "h")).toEqual({ problem: "has no primary for 8191 of its 16384 slots." });
  const moving = line("a", "h:1@2", "master", "0-16383 [5->-b]");
  expect(parseClusterNodes(moving, "h")).toEqual({ problem: "is moving slots just now." });
});
