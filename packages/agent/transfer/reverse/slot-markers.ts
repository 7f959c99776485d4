/** What our keys are called in a cluster: one for each slot that was written to, in that slot. Pure. */
import { keySlot, slotCount } from "@larder/resp";
import { markerKeyOf } from "./target.ts";

/** Found once: which is the first number that is in a slot. */
let tags: readonly string[] | null = null;

export function slotMarkerOf(slot: number, migrationId: string): string {
  tags ??= findTags();
  return markerKeyOf(`{${tags[slot]}}:${migrationId}`);
}

function findTags(): string[] {
  const found: string[] = new Array<string>(slotCount);
  for (let number = 0, left = slotCount; left > 0; number++) {
    const tag = number.toString(36);
    const slot = keySlot(Buffer.from(tag));
    if (found[slot] !== undefined) continue;
    found[slot] = tag;
    left--;
  }
  return found;
}
