/** What sessions are told, and what they are told it means. */
import type { Clock } from "../clock.ts";
import type { ServerLike } from "../connection/server.ts";
import { type Duration, durationMs } from "../duration.ts";
import type { Randomness } from "../randomness.ts";
import type { CookieOptions } from "./cookie.ts";

/** What a store of sessions needs, whoever makes their cookies. */
export interface StoreOptions {
  server: ServerLike;
  /** Before every key: "session" unless told. Another one for each application that shares the server. */
  namespace?: string;
  /** A session ends when nothing asks for it for so long: "30m" unless told. */
  idle?: Duration;
  /** A session ends so long after it began, or after the sign-in, whatever happens: "12h" unless told. */
  absolute?: Duration;
  clock?: Clock;
}

export interface SessionOptions extends StoreOptions {
  /** Of 32 bytes or more, from a safe place. The first seals cookies, all of them open: put a new one first. */
  secrets: readonly (string | Buffer)[];
  cookie?: CookieOptions;
  /**
   * While the server does not answer: "reject" (the default) with SessionUnavailable, or go on as "anonymous", with an empty session
   * that rejects only if something is put into it.
   */
  whenUnavailable?: "reject" | "anonymous";
  randomness?: Randomness;
}

export const durationDefaults = { idle: "30m", absolute: "12h" } as const;

/** Throws a TypeError that names the option. */
export function storeTimes(
  options: StoreOptions,
  defaults: Required<Pick<StoreOptions, "idle" | "absolute">> = durationDefaults,
): { idleMs: number; absoluteMs: number } {
  const idleMs = positiveMs(options.idle ?? defaults.idle, "idle");
  const absoluteMs = positiveMs(options.absolute ?? defaults.absolute, "absolute");
  return { idleMs, absoluteMs };
}

export function namespaceOf({ namespace = "session" }: StoreOptions): string {
  // What is between the first braces of a key decides its slot, and that has to be the id.
  if (typeof namespace === "string" && namespace !== "" && !/[{}]/.test(namespace)) return namespace;
  throw new TypeError("namespace is not empty, and has no braces.");
}

function positiveMs(duration: Duration, option: string): number {
  const ms = Math.floor(durationMs(duration, option));
  if (ms > 0) return ms;
  throw new TypeError(`${option} has to be longer than nothing.`);
}
