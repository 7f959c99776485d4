/**
 * @larder/client/session/hono: middleware that gives each request a session.
 *
 *   const app = new Hono<SessionEnv<ShopSession>>();
 *   app.use(honoSession(sessions<ShopSession>({ server, secrets })));
 *   app.get("/", (c) => c.json(c.get("session").get("cart") ?? []));
 */
import type { MiddlewareHandler } from "hono";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";

/** The variables of an application whose requests have sessions. */
export interface SessionEnv<F extends object> {
  Variables: { session: Session<F> };
}

/** Opens the session before the handlers and keeps it after them. What could not be kept goes to `app.onError`. */
export function honoSession<F extends object>(sessions: Sessions<F>): MiddlewareHandler<SessionEnv<F>> {
  return async (c, next) => {
    const session = await sessions.open(c.req.header("cookie"));
    c.set("session", session);
    await next();
    const setCookie = await session.commit();
    if (setCookie !== undefined) c.header("set-cookie", setCookie, { append: true });
  };
}
