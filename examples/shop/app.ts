/** The Express application: what each request goes through, in order. */
import { fileURLToPath } from "node:url";
import type { Queue } from "@larder/client/messaging";
import type { OutputCache } from "@larder/client/output-cache";
import { expressOutputCache } from "@larder/client/output-cache/express";
import { expressSession } from "@larder/client/session/express";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { Catalog } from "./catalog/catalog.ts";
import type { Database } from "./database/database.ts";
import type { CacheSwitch } from "./live/cache-switch.ts";
import type { Measurements } from "./live/measurements.ts";
import type { Connected, Order } from "./orders/order.ts";
import { problemPage } from "./pages/own.ts";
import { accountRoutes } from "./routes/account.ts";
import { cartRoutes } from "./routes/cart.ts";
import { chatRoutes } from "./routes/chat.ts";
import { liveRoutes } from "./routes/live.ts";
import { productRoutes } from "./routes/product.ts";
import { shelfRoutes } from "./routes/shelves.ts";
import { onlyOwnRequests } from "./visitors/own-requests.ts";
import { visitorCarts, visitorSessions } from "./visitors/visitor.ts";

export interface ShopParts {
  connected: Connected;
  database: Database;
  catalog: Catalog;
  pages: OutputCache;
  queue: Queue<Order>;
  cacheSwitch: CacheSwitch;
  measurements: Measurements;
}

export function shopApp(parts: ShopParts): { app: Express; close: () => Promise<void> } {
  const { connected, pages, cacheSwitch } = parts;
  const carts = visitorCarts(connected.server);
  const products = productRoutes({ ...parts, carts });
  const live = liveRoutes(parts);
  const chat = chatRoutes(connected);
  const fromCache = expressOutputCache(pages);

  const app = express();
  app.disable("x-powered-by");
  app.use((request, response, next) => (cacheSwitch.isOn ? fromCache(request, response, next) : next()));
  app.use(securityHeaders);
  app.use(express.static(folder("public")));
  app.use("/uplot", express.static(folder("../../node_modules/uplot/dist"), { maxAge: "1d" }));
  app.use(shelfRoutes(parts));
  app.use(live.routes);
  // From here on a request has a visitor.
  app.use(expressSession(visitorSessions(connected.server)));
  app.use(express.urlencoded({ extended: false, limit: "16kb" }));
  app.use(onlyOwnRequests);
  app.use(products.routes);
  app.use(cartRoutes({ ...parts, carts }));
  app.use(accountRoutes({ ...parts, carts }));
  app.use(chat.routes);
  app.use((_request, response) => {
    response.status(404).send(problemPage("Not here", "There is no such page."));
  });
  app.use(onError);
  return {
    app,
    async close() {
      products.close();
      live.close();
      await chat.close();
    },
  };
}

function securityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.set({
    "content-security-policy": "default-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
  });
  next();
}

/** Express knows it by its four parameters. */
function onError(error: Error & { status?: number }, request: Request, response: Response, next: NextFunction): void {
  const status = error.status ?? 500;
  if (status >= 500) console.error(`${request.method} ${request.path} failed: ${error.stack ?? error.message}`);
  if (response.headersSent) return next(error);
  response.status(status).send(problemPage("That did not work", "It is our fault. Please try again."));
}

function folder(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
