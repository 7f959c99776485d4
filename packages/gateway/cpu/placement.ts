/**
 * Whether a gateway and its engines share one CPU. Pure.
 *
 * With little to do for each command, half of its price is waking the other process: on another CPU that is an interrupt
 * and a cold cache, on one's own it is neither, and the engine finds more commands waiting when its turn comes. So they
 * are together while one CPU is enough for them or there is no other to be had, and apart when theirs is full and others
 * have time to spare.
 */

export interface CpuShares {
  /** By the number of each CPU that the gateway may use: how much of it is in use, by anybody; 0 to 1. */
  busy: ReadonlyMap<number, number>;
  /** What the gateway and its engines use together, in CPUs. */
  own: number;
}

export interface Placement {
  /** The one that they share; null while they are apart. */
  cpu: number | null;
  /** How many samples in a row wished for the other state. */
  wishes: number;
  /** How many samples the present state has lasted. */
  lasted: number;
}

export const apart: Placement = { cpu: null, wishes: 0, lasted: Number.POSITIVE_INFINITY };

/** Theirs is full. */
const fullShare = 0.9;
/** Time to spare on the others, in CPUs: from here on they part, and below the second they come back. */
const spareToPart = 0.75;
const spareToJoin = 0.5;
/** So much fits on one with room for a burst. */
const ownToJoin = 0.7;
const wishesToPart = 2;
const wishesToJoin = 4;
/** The load must not make them move to and fro. */
const lastsMin = 20;

export function nextPlacement(placement: Placement, shares: CpuShares): Placement {
  const { cpu } = placement;
  const lasted = placement.lasted + 1;
  const isWish = cpu === null ? wishesToBeTogether(shares) : wishesToBeApart(cpu, shares);
  const wishes = isWish ? placement.wishes + 1 : 0;
  const isEnough = wishes >= (cpu === null ? wishesToJoin : wishesToPart) && lasted >= lastsMin;
  if (!isEnough) return { cpu, wishes, lasted };
  return { cpu: cpu === null ? idlest(shares) : null, wishes: 0, lasted: 0 };
}

function wishesToBeTogether({ busy, own }: CpuShares): boolean {
  return own <= ownToJoin || spare(busy) < spareToJoin;
}

function wishesToBeApart(cpu: number, { busy }: CpuShares): boolean {
  const others = new Map([...busy].filter(([other]) => other !== cpu));
  return (busy.get(cpu) ?? 1) >= fullShare && spare(others) >= spareToPart;
}

function spare(busy: ReadonlyMap<number, number>): number {
  return [...busy.values()].reduce((sum, share) => sum + 1 - share, 0);
}

function idlest({ busy }: CpuShares): number | null {
  const [first] = [...busy].sort(([, one], [, other]) => one - other);
  return first?.[0] ?? null;
}
