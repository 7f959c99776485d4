/**
 * @larder/client/session/express: middleware that gives each request a session. For Express, and for any server whose middleware is
 * called with Node's request and response.
 *
 *   app.use(expressSession(sessions<ShopSession>({ server, secrets })));
 *   app.get("/", (request, response) => response.json(sessionOf<ShopSession>(request).get("cart")));
 *
 * The session is kept before the end of the answer leaves, so that whoever has the answer finds what it says. An answer whose head
 * leaves before (streams) carries the cookie as things were then.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";

type Next = (error?: unknown) => void;
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;

const opened = new WeakMap<object, Session>();

/** The session of a request. Throws a TypeError where the middleware has opened none. */
export function sessionOf<F extends object>(request: IncomingMessage): Session<F> {
  const session = opened.get(request);
  if (session === undefined) throw new TypeError("This request has no session: use expressSession before its route.");
  return session as unknown as Session<F>;
}

/**
 * What cannot be opened or kept goes to `next(error)`; where the head has left already, the connection is cut, so that nobody takes the
 * answer for a whole one.
 */
export function expressSession<F extends object>(sessions: Sessions<F>): Middleware {
  return (request, response, next) => {
    sessions.open(request.headers.cookie).then((session) => {
      opened.set(request, session as unknown as Session);
      keepBeforeEnd(session as unknown as Session, response, next);
      next();
    }, next);
  };
}

function keepBeforeEnd(session: Session, response: ServerResponse, next: Next): void {
  const { end, write, writeHead, flushHeaders } = response;
  const restore = () => Object.assign(response, { end, write, writeHead, flushHeaders });
  let isHeadDone = false;
  const finishHead = (setCookie: string | undefined) => {
    isHeadDone = true;
    if (setCookie !== undefined) response.appendHeader("set-cookie", setCookie);
  };
  const beforeHead = <A extends unknown[], R>(call: (...args: A) => R) =>
    ((...args: A) => {
      if (!isHeadDone && !response.headersSent) finishHead(session.setCookie());
      return call.apply(response, args);
    }) as typeof call;
  const endKept = (...args: Parameters<typeof end>) => {
    // A second call is Node's to answer.
    response.end = end;
    session.commit().then(
      (setCookie) => {
        if (!isHeadDone && !response.headersSent) finishHead(setCookie);
        restore();
        end.apply(response, args);
      },
      (error: unknown) => {
        restore();
        if (response.headersSent) response.destroy(error as Error);
        else next(error);
      },
    );
    return response;
  };
  Object.assign(response, {
    end: endKept,
    write: beforeHead(write as (...args: unknown[]) => boolean),
    writeHead: beforeHead(writeHead as (...args: unknown[]) => ServerResponse),
    flushHeaders: beforeHead(flushHeaders),
  });
}
