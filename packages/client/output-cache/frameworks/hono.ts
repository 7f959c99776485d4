/** @larder/client/output-cache/hono */
import type { OutputCache } from "../output-cache.ts";
import { fetchSource, ownRequests, pageRequestOf, responseOf } from "./fetch.ts";

/** What of Hono is used. Its types are not imported. */
interface HonoContext {
  req: { raw: Request };
  res: Response;
  env: unknown;
  header(name: string, value: string, options?: { append?: boolean }): void;
}

interface HonoApp {
  // biome-ignore lint/suspicious/noExplicitAny: the types of an application's bindings
  fetch(request: Request, env?: any): Response | Promise<Response>;
}

/**
 * Middleware for Hono. `app` is the application at the top: it renders the pages, with requests of their own, also when nobody waits for them.
 */
export function honoOutputCache(
  pages: OutputCache,
  app: HonoApp,
): (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined> {
  return async (context, next) => {
    const { raw } = context.req;
    if (ownRequests.has(raw)) {
      await next();
      return undefined;
    }
    const source = fetchSource((request) => app.fetch(request, context.env));
    const reaction = await pages.respond(pageRequestOf(raw), source);
    if (reaction.kind === "answer") return responseOf(reaction.answer);
    await next();
    await reaction.onAnswered?.(context.res.status);
    if (reaction.cacheStatus !== undefined) context.header("cache-status", reaction.cacheStatus, { append: true });
    return undefined;
  };
}
