/**
 * Names of entries. A key is written out (parts joined with ":", which is escaped inside of one); in the server it stands behind
 * the namespace. What would not stand there as itself is hashed: too long, with braces (which a cluster would read), not well
 * formed, or with "#" in front, which marks what is not written out.
 */
import { createHash } from "node:crypto";
import { cacheLimits } from "./limits.ts";
import type { Key } from "./options.ts";

/** The key as text. Throws a TypeError for what is none. */
export function writtenOut(key: Key): string {
  if (typeof key === "string") {
    if (key !== "") return key;
  } else if (Array.isArray(key) && key.length > 0) {
    let text = partOf(key[0]);
    for (let index = 1; index < key.length; index++) text += `:${partOf(key[index])}`;
    if (text !== "") return text;
  }
  throw new TypeError("A key is a text, or an array of texts and numbers; and not empty.");
}

function partOf(part: unknown): string {
  if (typeof part === "string") return /[:%]/.test(part) ? part.replaceAll("%", "%25").replaceAll(":", "%3A") : part;
  if (typeof part === "number" || typeof part === "bigint") return String(part);
  throw new TypeError("A part of a key is a text or a number.");
}

/** What stands for a text in the server, behind the namespace. */
export function nameOf(text: string): string {
  return standsForItself(text) ? text : `#${sha256(text)}`;
}

function standsForItself(text: string): boolean {
  const isShort = text.length * 3 <= cacheLimits.nameBytesMax || Buffer.byteLength(text) <= cacheLimits.nameBytesMax;
  return isShort && !text.startsWith("#") && !/[{}]/.test(text) && text.isWellFormed();
}

/** Of UTF-16 units, as texts that are not well formed are the same in UTF-8. */
function sha256(text: string): string {
  return createHash("sha256").update(text, "utf16le").digest("hex");
}

/** The first part. */
export function familyOf(text: string): string {
  const end = text.indexOf(":");
  return end < 0 ? text : text.slice(0, end);
}

/** The leading parts of a written-out key that can be invalidated, shortest first, without the key itself. */
export function prefixesOf(text: string): string[] {
  const prefixes: string[] = [];
  for (let end = text.indexOf(":"); end >= 0; end = text.indexOf(":", end + 1)) {
    if (prefixes.length === cacheLimits.prefixPartsMax) break;
    prefixes.push(text.slice(0, end));
  }
  return prefixes;
}

export function partCount(text: string): number {
  return text.split(":").length;
}
