/** How often each thing is done. */
export interface Extent {
  moves: number;
  kills: number;
  freezes: number;
  /** Moves and kills of each peer. */
  peerEvents: number;
  scaledMegabytes: number;
  throughput: { rounds: number; seconds: number };
}

export const extents: Record<"quick" | "full", Extent> = {
  quick: {
    ...{ moves: 5, kills: 5, freezes: 1, peerEvents: 2, scaledMegabytes: 50 },
    throughput: { rounds: 2, seconds: 1 },
  },
  full: {
    ...{ moves: 100, kills: 50, freezes: 3, peerEvents: 20, scaledMegabytes: 500 },
    throughput: { rounds: 5, seconds: 3 },
  },
};
