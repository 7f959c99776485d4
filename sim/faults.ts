/** What goes wrong, and when it ends. Drawn from the seed before the run, so that a trace can be read beside the list. */
import type { Chance } from "./chance.ts";
import type { Shape } from "./scenario.ts";
import type { World } from "./world.ts";

export type Fault = { atMs: number; lastsMs: number } & (
  | { kind: "engine killed"; node: number }
  | { kind: "agent killed"; host: number }
  | { kind: "gateway killed"; gateway: number }
  | { kind: "controller killed" }
  | { kind: "host frozen"; host: number }
  | { kind: "link cut"; one: string; other: string }
  | { kind: "machine isolated"; machine: string }
  | { kind: "primary killed" }
  | { kind: "all engines killed" }
  | { kind: "split"; side: string[] }
  | { kind: "slow disk" }
);

const kinds = [
  "engine killed",
  "primary killed",
  "primary killed",
  "all engines killed",
  "agent killed",
  "gateway killed",
  "controller killed",
  "controller killed",
  "host frozen",
  "link cut",
  "link cut",
  "machine isolated",
  "split",
  "slow disk",
] as const;
const lastsMs = { short: [20, 1_500], long: [1_000, 8_000] } as const;
const slowDiskMs = 600;

export function drawFault(shape: Shape, fromMs: number, toMs: number, chance: Chance): Fault {
  const when = {
    atMs: chance.between(fromMs, toMs),
    lastsMs: chance.is(0.5) ? chance.between(...lastsMs.short) : chance.between(...lastsMs.long),
  };
  const kind = chance.oneOf(kinds);
  switch (kind) {
    case "engine killed":
      return { ...when, kind, node: chance.below(shape.nodes) };
    case "agent killed":
    case "host frozen":
      return { ...when, kind, host: chance.below(shape.hosts) };
    case "gateway killed":
      return { ...when, kind, gateway: chance.below(shape.gateways.length) };
    case "link cut":
      return { ...when, kind, ...drawPair(shape, chance) };
    case "machine isolated":
      return { ...when, kind, machine: chance.oneOf(machinesOf(shape)) };
    case "split":
      return { ...when, kind, side: machinesOf(shape).filter((name) => name !== "controller" && chance.is(0.5)) };
    case "primary killed":
    case "all engines killed":
    case "controller killed":
    case "slow disk":
      return { ...when, kind };
  }
}

export function describeFault({ atMs, lastsMs: ms, ...what }: Fault): string {
  const { kind, ...rest } = what;
  return `${Math.round(atMs)} ms: ${kind} ${Object.values(rest).join(" ")}, for ${Math.round(ms)} ms`;
}

/** Begins it, and returns what ends it. */
export function beginFault(fault: Fault, world: World): () => void {
  switch (fault.kind) {
    case "engine killed": {
      const { nodes } = world.cache;
      const at = nodes[fault.node % nodes.length];
      if (at !== undefined) world.host(at.hostId).killEngine(at.nodeId);
      return () => {};
    }
    case "primary killed": {
      const { nodes, leader } = world.cache;
      const at = nodes.find(({ nodeId }) => nodeId === leader?.nodeId);
      if (at !== undefined) world.host(at.hostId).killEngine(at.nodeId);
      return () => {};
    }
    case "all engines killed":
      for (const { hostId, nodeId } of world.cache.nodes) world.host(hostId).killEngine(nodeId);
      return () => {};
    case "agent killed": {
      const host = world.hosts[fault.host] as World["hosts"][number];
      host.killAgent();
      return () => host.startAgent();
    }
    case "gateway killed":
      world.gateways[fault.gateway]?.life?.process.end();
      return () => world.startGateway(fault.gateway);
    case "controller killed":
      world.controller.process.end();
      return () => world.startController();
    case "host frozen":
      return freeze(world, fault.host);
    case "link cut":
      return cut(world, [[fault.one, fault.other]]);
    case "machine isolated":
      return cut(
        world,
        world.machines.filter((name) => name !== fault.machine).map((name) => [fault.machine, name]),
      );
    case "split":
      return cut(
        world,
        fault.side.flatMap((one) =>
          world.machines.filter((other) => !fault.side.includes(other)).map((other): [string, string] => [one, other]),
        ),
      );
    case "slow disk":
      world.slowDiskMs = slowDiskMs;
      return () => {
        world.slowDiskMs = 0;
      };
  }
}

function freeze(world: World, host: number): () => void {
  const { machine } = world.hosts[host] as World["hosts"][number];
  if (machine.isFrozen) return () => {};
  machine.freeze();
  return () => machine.thaw();
}

function cut(world: World, pairs: [string, string][]): () => void {
  for (const pair of pairs) world.network.cut(...pair);
  return () => {
    for (const pair of pairs) world.network.heal(...pair);
  };
}

function machinesOf({ hosts, gateways }: Shape): string[] {
  const names = Array.from({ length: hosts }, (_, index) => `host-${index + 1}`);
  return [...new Set(["controller", ...names, ...gateways])];
}

function drawPair(shape: Shape, chance: Chance): { one: string; other: string } {
  const one = chance.oneOf(machinesOf(shape));
  return { one, other: chance.oneOf(machinesOf(shape).filter((name) => name !== one)) };
}
