/**
 * Who may log in to a cache, as its route says. Made once for each route, as there may be a thousand, and not changed.
 *
 * Users of keys have their names as they stand. Who comes with a token is named by alias or object id, without regard to case.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { EngineLogin, Route, RouteUser } from "@larder/api";

export class RouteUsers {
  /** Whom a client is without logging in. */
  readonly open: RouteUser | undefined;
  readonly #byName = new Map<string, RouteUser>();
  readonly #byObject = new Map<string, RouteUser>();
  readonly #byAlias = new Map<string, RouteUser>();
  readonly #logins = new Map<string, EngineLogin>();

  constructor({ users, ownLogin }: Pick<Route, "users" | "ownLogin">) {
    for (const user of users) {
      this.#logins.set(user.engineUser, user);
      if (user.objectId === null) this.#byName.set(user.name, user);
      else {
        this.#byObject.set(user.objectId.toLowerCase(), user);
        this.#byAlias.set(user.name.toLowerCase(), user);
      }
    }
    this.#logins.set(ownLogin.engineUser, ownLogin);
    const byDefault = this.#byName.get("default");
    this.open = byDefault?.needsPassword === false ? byDefault : undefined;
  }

  find(name: string): RouteUser | undefined {
    const key = name.toLowerCase();
    return this.#byName.get(name) ?? this.#byObject.get(key) ?? this.#byAlias.get(key);
  }

  /** The same user as this route has it; undefined: he may not log in any more. */
  present({ name, objectId }: RouteUser): RouteUser | undefined {
    return objectId === null ? this.#byName.get(name) : this.#byObject.get(objectId.toLowerCase());
  }

  /** Of a user of the engine that somebody here is, or the gateway itself. */
  login(engineUser: string): EngineLogin | undefined {
    return this.#logins.get(engineUser);
  }

  get takesTokens(): boolean {
    return this.#byObject.size > 0;
  }

  *names(): Iterable<string> {
    yield* this.#byName.keys();
    for (const { name } of this.#byObject.values()) yield name;
  }
}

/** Takes as long whichever of the passwords it is, or none. */
export function isPasswordOf(user: RouteUser, password: Buffer): boolean {
  const digest = createHash("sha256").update(password).digest();
  let found = false;
  for (const known of user.passwordSha256) {
    const isThis = timingSafeEqual(Buffer.from(known, "hex"), digest);
    found ||= isThis;
  }
  return found || !user.needsPassword;
}
