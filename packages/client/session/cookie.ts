/** The session's cookie: how it is told to a browser, and found in what a browser sends. */
import type { Duration } from "../duration.ts";
import { durationMs } from "../duration.ts";
import { cookieValues } from "./cookie-header.ts";

export interface CookieOptions {
  /** "__Host-session" unless `domain`, `path` or `secure: false` forbid that prefix; then "__Secure-session" or "session". */
  name?: string;
  /** Only over HTTPS: true unless told. */
  secure?: boolean;
  /** Hidden from scripts of the page: true unless told. */
  httpOnly?: boolean;
  /** "lax" unless told. "none" needs `secure`. */
  sameSite?: "lax" | "strict" | "none";
  path?: string;
  domain?: string;
  /** Kept when the browser is closed, for so long: at most the session's absolute time. Unless given, it goes with the browser. */
  maxAge?: Duration;
  partitioned?: boolean;
  /** Its value is encrypted, not only signed. */
  encrypt?: boolean;
}

export const cookieLimits = {
  /** Of a request's Cookie header, in characters. In a longer one no session is looked for. */
  headerLengthMax: 32_768,
  /** How many cookies of the session's name are tried: another host of the same domain may have set some. */
  candidatesMax: 5,
} as const;

export class SessionCookie {
  readonly name: string;
  readonly #attributes: string;
  readonly #maxAgeS: number | undefined;

  constructor(options: CookieOptions = {}) {
    this.name = options.name ?? defaultName(options);
    checkCookie(this.name, options);
    this.#attributes = attributesOf(options);
    if (options.maxAge !== undefined) this.#maxAgeS = Math.floor(durationMs(options.maxAge, "cookie.maxAge") / 1_000);
  }

  /** A Set-Cookie header's value. */
  set(value: string): string {
    const maxAge = this.#maxAgeS === undefined ? "" : `; Max-Age=${this.#maxAgeS}`;
    return `${this.name}=${value}${maxAge}${this.#attributes}`;
  }

  /** A Set-Cookie header's value that takes it away. */
  clear(): string {
    return `${this.name}=; Max-Age=0${this.#attributes}`;
  }

  /** The values of all cookies of this name in a Cookie header. */
  find(header: string | null | undefined): string[] {
    if (typeof header !== "string" || header.length > cookieLimits.headerLengthMax) return [];
    return cookieValues(header, this.name, cookieLimits.candidatesMax);
  }
}

function defaultName({ secure = true, domain, path = "/" }: CookieOptions): string {
  if (!secure) return "session";
  return domain === undefined && path === "/" ? "__Host-session" : "__Secure-session";
}

function attributesOf(options: CookieOptions): string {
  const { secure = true, httpOnly = true, sameSite = "lax", path = "/", domain, partitioned = false } = options;
  const named = { lax: "Lax", strict: "Strict", none: "None" }[sameSite];
  return [
    `; Path=${path}`,
    domain === undefined ? "" : `; Domain=${domain}`,
    httpOnly ? "; HttpOnly" : "",
    secure ? "; Secure" : "",
    `; SameSite=${named}`,
    partitioned ? "; Partitioned" : "",
  ].join("");
}

/** What a browser would silently refuse is said at once. */
function checkCookie(name: string, options: CookieOptions): void {
  const { secure = true, domain, path = "/", sameSite = "lax", partitioned = false } = options;
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new TypeError(`cookie.name is no name of a cookie: ${name}`);
  if (/^__(Host|Secure)-/i.test(name) && !secure) throw new TypeError(`cookie.secure has to be true for ${name}.`);
  if (/^__Host-/i.test(name) && (domain !== undefined || path !== "/"))
    throw new TypeError(`cookie.domain and cookie.path cannot be set for ${name}.`);
  if (!["lax", "strict", "none"].includes(sameSite))
    throw new TypeError('cookie.sameSite is "lax", "strict" or "none".');
  if ((sameSite === "none" || partitioned) && !secure)
    throw new TypeError('cookie.secure has to be true for sameSite: "none" and for partitioned.');
  for (const [option, value] of Object.entries({ path, domain }))
    if (value !== undefined && !/^[\x21-\x3a\x3c-\x7e]+$/.test(value))
      throw new TypeError(`cookie.${option} is not fit for a header.`);
}
