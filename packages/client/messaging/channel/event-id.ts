/**
 * Ids of messages: the stream's, "milliseconds-number". They grow, but are not dense: that nothing lies between two messages
 * is said only by the later one, which names the one before it.
 */
export const beginning = "0-0";

export function isEventId(text: unknown): text is string {
  return typeof text === "string" && /^\d{1,20}-\d{1,20}$/.test(text);
}

/** Negative, 0 or positive, as `a` is before, the same as, or after `b`. */
export function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  const [aMs = "", aNumber = ""] = a.split("-");
  const [bMs = "", bNumber = ""] = b.split("-");
  return compareDigits(aMs, bMs) || compareDigits(aNumber, bNumber);
}

/** Numbers of up to 20 digits do not fit into a double. */
function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** When the server took the message, in milliseconds since 1970 by its clock. */
export function publishedMs(id: string): number {
  return Number(id.slice(0, id.indexOf("-")));
}
