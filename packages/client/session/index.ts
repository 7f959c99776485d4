/** @larder/client/session */
export type { CookieOptions } from "./cookie.ts";
export { cookieLimits } from "./cookie.ts";
export { SessionConflict, SessionGone, SessionSuperseded, SessionUnavailable } from "./errors.ts";
export { fieldLimits } from "./fields.ts";
export type { SessionOptions, StoreOptions } from "./options.ts";
export { sealLimits } from "./seal.ts";
export type { CommitOptions, Session } from "./session.ts";
export { type Sessions, sessions } from "./sessions.ts";
export { storageLimits } from "./storage.ts";
export type { UserSession } from "./user-index.ts";
