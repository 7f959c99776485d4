/** What one seed means: the shape of the service, the faults, and what its operator asks for. */
import type { Chance } from "./chance.ts";
import { drawFault, type Fault } from "./faults.ts";
import { type Wish, wishes } from "./operator.ts";

export interface Shape {
  hosts: number;
  /** Each on a host of its own, as far as there are hosts. */
  nodes: number;
  /** The machine of each. */
  gateways: string[];
}

export interface Scenario extends Shape {
  clients: number;
  isDurable: boolean;
  /** Its nodes keep their data on disk. */
  isPersistent: boolean;
  /** How many entries of its stream an engine can give to a replica that was away. */
  backlog: number;
  faults: Fault[];
  /** What is asked of the service, and when. */
  wishes: { atMs: number; wish: Wish }[];
}

/** Faults and wishes begin between these. */
export const disturbedMs = { from: 4_000, to: 20_000 } as const;
const shortBacklog = 30;
/** Trouble comes in company: most faults begin soon after another. */
const soonMs = 3_000;

export function drawScenario(chance: Chance): Scenario {
  const hosts = 2 + chance.below(2);
  const shape: Shape = {
    hosts,
    nodes: chance.oneOf([2, 2, hosts]),
    gateways: Array.from({ length: 1 + chance.below(2) }, (_, index) =>
      chance.is(0.3) ? `host-${1 + chance.below(hosts)}` : `gateway-${index + 1}`,
    ),
  };
  const faultCount = chance.oneOf([0, 1, 1, 2, 3, 5, 8]);
  const fromMs = chance.is(0.15) ? 0 : disturbedMs.from;
  return {
    ...shape,
    clients: 2 + chance.below(3),
    isDurable: chance.is(0.5),
    backlog: chance.is(0.2) ? shortBacklog : Number.POSITIVE_INFINITY,
    faults: drawFaults(shape, faultCount, fromMs, chance),
    wishes: Array.from({ length: chance.oneOf([0, 1, 2, 4]) }, () => ({
      atMs: chance.between(disturbedMs.from, disturbedMs.to),
      wish: chance.oneOf(wishes),
    })),
    isPersistent: chance.is(0.4),
  };
}

function drawFaults(shape: Shape, count: number, fromMs: number, chance: Chance): Fault[] {
  const faults: Fault[] = [];
  for (let left = count; left > 0; left--) {
    const before = faults.at(-1);
    const isSoon = before !== undefined && chance.is(0.7);
    const from = isSoon ? before.atMs : fromMs;
    faults.push(drawFault(shape, from, isSoon ? from + soonMs : disturbedMs.to, chance));
  }
  return faults.sort((one, other) => one.atMs - other.atMs);
}
