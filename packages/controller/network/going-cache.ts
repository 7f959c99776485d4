import { LarderError } from "@larder/api";
import type { CacheDocument } from "../documents/cache-document.ts";

/** Throws Conflict for a cache that is being deleted: nothing is added to it any more. */
export function refuseGoing({ name, removal }: Pick<CacheDocument, "name" | "removal">): void {
  if (removal !== null) throw new LarderError("Conflict", `'${name}' is being deleted.`);
}
