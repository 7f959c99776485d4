/**
 * @larder/client/session/fastify: a plugin that gives each request a session, and a store for those who use `@fastify/session`.
 *
 *   app.register(sessionPlugin, { sessions: sessions<ShopSession>({ server, secrets }) });
 *   app.get("/", (request) => sessionOf<ShopSession>(request).get("cart"));
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";

export { FastifySessionStore } from "./fastify-store.ts";

export interface SessionPluginOptions {
  // biome-ignore lint/suspicious/noExplicitAny: sessions of any fields
  sessions: Sessions<any>;
}

const opened = new WeakMap<object, Session>();

/**
 * Opens the session before the handlers and keeps it before the head of the answer leaves. What could not be kept is the
 * answer's error (503, 409 or 401), unless it is one already. An answer that was hijacked keeps nothing: call `commit()` there.
 */
export async function sessionPlugin(app: FastifyInstance, { sessions }: SessionPluginOptions): Promise<void> {
  app.addHook("onRequest", async (request) => {
    opened.set(request, (await sessions.open(request.headers.cookie)) as Session);
  });
  app.addHook("onSend", async (request, reply) => {
    const session = opened.get(request);
    if (session === undefined) return;
    // Once: the answer to a commit that failed comes through here, too.
    opened.delete(request);
    await keep(session, reply);
    opened.set(request, session);
  });
}

// For the whole application, and not only for what is registered within the plugin.
Object.assign(sessionPlugin, {
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "larder-session",
});

/** The session of a request. Throws a TypeError where the plugin has opened none. */
export function sessionOf<F extends object>(request: FastifyRequest): Session<F> {
  const session = opened.get(request);
  if (session === undefined)
    throw new TypeError("This request has no session: register sessionPlugin before its route.");
  return session as unknown as Session<F>;
}

async function keep(session: Session, reply: FastifyReply): Promise<void> {
  const setCookie = await session.commit();
  if (setCookie !== undefined) reply.header("set-cookie", setCookie);
}
