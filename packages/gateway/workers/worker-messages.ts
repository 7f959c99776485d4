/**
 * What the gateway's workers say to each other, as lines of JSON over the Unix socket of each. Whoever connects asks; the
 * one that is connected to answers, and tells of itself unasked: everything at first, then what changed.
 *
 *   hello     the number of the worker that connects, first of all
 *   ask       a question, with a number of the asker's choice
 *   answer    to the question of that number; null where the worker could not tell
 *   clients   how many clients each of the named caches has at this worker; no other has any where they are all
 *   logins    what failed log-ins have taken from the allowances of addresses at this worker
 *   ports     all ports that this worker listens on, those of private networks by numbers of their own (listening-place.ts)
 */
import type { Taken } from "../access/login-throttle.ts";
import type { ClientFilter } from "../client/client-filter.ts";

export type WorkerMessage =
  | { hello: number }
  | { ask: number; question: WorkerQuestion }
  | { answer: number; value: unknown }
  | { clients: Record<string, number>; areAll: boolean }
  | { logins: Taken[] }
  | { ports: number[] };

/** About one cache and its clients, as one worker has them. */
export type WorkerQuestion =
  /** Those that pass. */
  | { kind: "list"; cacheId: string; filter: ClientFilter }
  /** Closes those that pass, but for the one that asks; says how many pass. */
  | { kind: "kill"; cacheId: string; filter: ClientFilter; asker: number }
  /** The engine's id of the connection on which the client may be blocked; 0 where there is none. */
  | { kind: "blocked"; cacheId: string; id: number }
  /** Whether it hears what is published at the target of a planned move, or takes no part in that. */
  | { kind: "switched"; cacheId: string; moveId: string };

export interface ListedClient {
  id: number;
  /** Its line in CLIENT LIST, without the end of the line. */
  line: string;
}

export interface WorkerAnswers {
  list: ListedClient[];
  kill: number;
  blocked: number;
  switched: boolean;
}

/** Null for what is no message. */
export function parseMessage(line: string): WorkerMessage | null {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === "object" ? (message as WorkerMessage | null) : null;
  } catch {
    return null;
  }
}
