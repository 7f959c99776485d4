/** What rebuilding by commands could not bring over, counted over all values of one rebuilder. */
export interface RebuildLosses {
  /** Fields that stay for good, because the target knows no expiry of fields. */
  fieldExpiries: number;
  /** Pending entries that no consumer has. */
  pendingEntries: number;
  /**
   * Streams so large that they came in parts and that have groups. Of what is pending in them, entries that were
   * deleted from the stream are missing.
   */
  streamsInParts: number;
}

export function noLosses(): RebuildLosses {
  return { fieldExpiries: 0, pendingEntries: 0, streamsInParts: 0 };
}
