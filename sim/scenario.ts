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
  /** How many entries of its stream an engine can give to a replica that was away. */
  backlog: number;
  faults: Fault[];
  /** What is asked of the service, and when. */
  wishes: { atMs: number; wish: Wish }[];
}

/** Faults and wishes begin between these. */
export const disturbedMs = { from: 4_000, to: 20_000 } as const;
const shortBacklog = 30;

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
    faults: Array.from({ length: faultCount }, () => drawFault(shape, fromMs, disturbedMs.to, chance)).sort(
      (one, other) => one.atMs - other.atMs,
    ),
    wishes: Array.from({ length: chance.oneOf([0, 1, 2, 4]) }, () => ({
      atMs: chance.between(disturbedMs.from, disturbedMs.to),
      wish: chance.oneOf(wishes),
    })),
  };
}
