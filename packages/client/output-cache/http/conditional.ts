/** Entity tags and requests that already have the page (RFC 9110, 8.8 and 13). */
import type { Coding } from "./negotiation.ts";

/** The tag of the same page in another coding, which is another representation. */
export function etagIn(etag: string, coding: Coding): string {
  return coding === "identity" ? etag : etag.replace(/"$/, `-${coding}"`);
}

export interface Conditions {
  ifNoneMatch: string | undefined;
  ifModifiedSince: string | undefined;
}

/** Whether the client has it, in whatever coding; If-Modified-Since counts only without If-None-Match. */
export function isNotModified(
  { ifNoneMatch, ifModifiedSince }: Conditions,
  page: { etag: string; lastModified: string | undefined },
): boolean {
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() === "*") return true;
    const own = opaque(page.etag);
    return [...ifNoneMatch.matchAll(/(?:W\/)?("[^"]*")/g)].some(
      ([, tag = ""]) => tag === own || withoutCoding(tag) === own,
    );
  }
  if (ifModifiedSince === undefined || page.lastModified === undefined) return false;
  return Date.parse(page.lastModified) <= Date.parse(ifModifiedSince);
}

function opaque(etag: string): string {
  return etag.replace(/^W\//, "");
}

function withoutCoding(tag: string): string {
  return tag.replace(/-(br|gzip)"$/, '"');
}
