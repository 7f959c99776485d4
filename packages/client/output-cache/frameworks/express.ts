/** @larder/client/output-cache/express */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { OutputCache } from "../output-cache.ts";
import { nodeExchange } from "./node-exchange.ts";
import { pageRequestOf, send } from "./node-request.ts";

/** What of Express is used. Its types are not imported. */
interface ExpressRequest extends IncomingMessage {
  originalUrl: string;
  app: unknown;
}

type ExpressApp = ((request: IncomingMessage, response: ServerResponse) => void) & { parent?: ExpressApp };

/**
 * Middleware for Express. Use it first: what is used before it runs for every request, also for those answered from the cache.
 * A page is rendered by the application from its top, with a request of its own.
 */
export function expressOutputCache(
  pages: OutputCache,
): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void {
  const own = new WeakSet<IncomingMessage>();
  return (request, response, next) => {
    if (own.has(request)) return next();
    const { originalUrl, app } = request as ExpressRequest;
    const react = async () => {
      const reaction = await pages.respond(pageRequestOf(request, originalUrl), {
        render(render, signal) {
          const exchange = nodeExchange(render, signal);
          own.add(exchange.request);
          topOf(app as ExpressApp)(exchange.request, exchange.response);
          return exchange.rendered;
        },
      });
      if (reaction.kind === "answer") return send(response, reaction.answer);
      if (reaction.cacheStatus !== undefined) response.appendHeader("cache-status", reaction.cacheStatus);
      next();
    };
    react().catch(next);
  };
}

/** An application may be mounted in another. */
function topOf(app: ExpressApp): ExpressApp {
  return app.parent === undefined ? app : topOf(app.parent);
}
