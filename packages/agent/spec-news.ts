/** What of a wanted node is news, for which its keeper is woken. */
import type { NodeSpec } from "@larder/api";

/** The leader's epoch is compared, too, as nothing is worth a late promotion, and so is what clients may do. */
export function isSameSpec(a: NodeSpec, b: NodeSpec | undefined): boolean {
  return (
    a.generation === b?.generation &&
    a.accessGeneration === b.accessGeneration &&
    a.replication?.leader?.epoch === b.replication?.leader?.epoch
  );
}
