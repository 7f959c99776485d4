/** What a commit does, decided from how the session was found and what the request did with it. */
import type { Loaded } from "./storage.ts";

/** How the session of a request was found. */
export type Origin =
  | { is: "new" }
  /** Its id was replaced a moment ago. */
  | { is: "superseded" }
  /** The server did not answer, and the application goes on without. */
  | { is: "unavailable"; cause: unknown }
  | { is: "found"; id: string; loaded: Omit<Loaded, "fields"> };

export type Intent = { is: "keep" } | { is: "rotate" } | { is: "sign in"; user: string; device: string | undefined };

export type CommitStep = "nothing" | "create" | "update" | "rotate" | "reject: superseded" | "reject: unavailable";

/**
 *                    found            new       superseded           unavailable
 *   sign in          rotate           create    create               reject
 *   rotate           rotate           as keep   as keep              as keep
 *   keep, changed    update           create    reject               reject
 *   keep             nothing          nothing   nothing              nothing
 */
export function planCommit(origin: Origin, intent: Intent, hasChanges: boolean): CommitStep {
  const isSignIn = intent.is === "sign in";
  if (origin.is === "found" && (isSignIn || intent.is === "rotate")) return "rotate";
  if (!isSignIn && !hasChanges) return "nothing";
  if (origin.is === "found") return "update";
  if (origin.is === "unavailable") return "reject: unavailable";
  // Whoever proves who they are may have a new session; whoever only has the old id may not.
  return origin.is === "superseded" && !isSignIn ? "reject: superseded" : "create";
}
