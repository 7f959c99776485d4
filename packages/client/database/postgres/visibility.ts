/**
 * Whether transactions can be seen by who begins to read now. PostgreSQL sends a transaction to its followers once its commit is in the
 * log, which is before others see it (with synchronous replication, long before). A value loaded between an invalidation and that
 * moment would be the old one, and nothing would invalidate it again. So changes wait until a snapshot shows them.
 */
export interface Snapshot {
  /** The first id that was not given yet. */
  nextXid: number;
  /** Those below it that are under way. */
  running: ReadonlySet<number>;
}

/** Of what `txid_current_snapshot()` answers: "xmin:xmax:xip,xip,…", as ids without their epochs. */
export function parseSnapshot(text: string): Snapshot {
  const [, next, running] = /^\d+:(\d+):([\d,]*)$/.exec(text) ?? [];
  if (next === undefined || running === undefined) throw new TypeError(`no snapshot: ${text}`);
  const ids = running === "" ? [] : running.split(",");
  return { nextXid: withoutEpoch(next), running: new Set(ids.map(withoutEpoch)) };
}

export function isVisible(xid: number, { nextXid, running }: Snapshot): boolean {
  // Ids go round: of two, the later one is that which is less than half a round ahead.
  return ((xid - nextXid) | 0) < 0 && !running.has(xid);
}

function withoutEpoch(id: string): number {
  return Number(BigInt(id) & 0xffff_ffffn);
}
