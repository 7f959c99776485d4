/** Errors by which an engine says that it did not execute a command for what the engine is. Pure. */

/** Of a node that is no primary (any more): writes, and where it has no whole copy all that needs data. */
export const demotedRefusals = ["-READONLY ", "-MASTERDOWN "].map((text) => Buffer.from(text));

/** To who waits in an engine that ceases to be a primary. */
const sentAway = Buffer.from("-UNBLOCKED force ");

/** Whether a blocking command was not executed, as the engine is no primary (any more). */
export function isSentAway(reply: Buffer): boolean {
  return refusalAt(reply, 0, [sentAway, ...demotedRefusals]) === "yes";
}

/** Of a replica that cannot be read from. */
export const unreadableRefusals = ["-MASTERDOWN ", "-LOADING "].map((text) => Buffer.from(text));

/** Whether the reply at `start` is one of them; "maybe" where the bytes end too early to tell. */
export function refusalAt(bytes: Buffer, start: number, refusals: readonly Buffer[]): "yes" | "no" | "maybe" {
  for (const refusal of refusals) {
    const length = Math.min(refusal.length, bytes.length - start);
    if (bytes.compare(refusal, 0, length, start, start + length) === 0)
      return length < refusal.length ? "maybe" : "yes";
  }
  return "no";
}
