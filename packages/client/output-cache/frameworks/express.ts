/** @larder/client/output-cache/express */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { OnAnswered, OutputCache } from "../output-cache.ts";
import { isOwnRequest, nodeExchange } from "./node-exchange.ts";
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
  return (request, response, next) => {
    if (isOwnRequest(request)) return next();
    const { originalUrl, app } = request as ExpressRequest;
    const react = async () => {
      const reaction = await pages.respond(pageRequestOf(request, originalUrl), {
        render(render, signal) {
          const exchange = nodeExchange(render, signal);
          topOf(app as ExpressApp)(exchange.request, exchange.response);
          return exchange.rendered;
        },
      });
      if (reaction.kind === "answer") return send(response, reaction.answer);
      if (reaction.cacheStatus !== undefined) response.appendHeader("cache-status", reaction.cacheStatus);
      if (reaction.onAnswered !== undefined) beforeHead(response, reaction.onAnswered);
      next();
    };
    react().catch(next);
  };
}

/** What is told to the server before the head goes out is done before the client can ask again. */
function beforeHead(response: ServerResponse, onAnswered: OnAnswered): void {
  const writeHead = response.writeHead as (...given: unknown[]) => ServerResponse;
  response.writeHead = (...given: unknown[]) => {
    void onAnswered(typeof given[0] === "number" ? given[0] : response.statusCode);
    return writeHead.apply(response, given);
  };
}

/** An application may be mounted in another. */
function topOf(app: ExpressApp): ExpressApp {
  return app.parent === undefined ? app : topOf(app.parent);
}
