/**
 * When each request of an open loop is to be sent: at random moments, as from many clients that know nothing of each
 * other, and at a known rate. The schedule is made before the run and the same for every target, so no answer, however
 * late, delays a request. Pure.
 */
export interface ArrivalPlan {
  requestsPerSecond: number;
  seconds: number;
  seed: number;
}

/** Milliseconds from the start of the run, in rising order: a Poisson process. */
export function arrivalsMs({ requestsPerSecond, seconds, seed }: ArrivalPlan): Float64Array {
  const random = fractionsFrom(seed);
  const times: number[] = [];
  const meanGapMs = 1000 / requestsPerSecond;
  for (let atMs = 0; ; ) {
    atMs -= meanGapMs * Math.log(1 - random());
    if (atMs >= seconds * 1000) return Float64Array.from(times);
    times.push(atMs);
  }
}

/** Uniform in [0, 1), always the same for one seed (Mulberry32). */
export function fractionsFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
