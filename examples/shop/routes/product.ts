/** A product's page, and its live stock. */
import { sse } from "@larder/client/messaging";
import type { ShoppingCarts } from "@larder/client/session/cart";
import { Router } from "express";
import type { Catalog } from "../catalog/catalog.ts";
import { type Connected, stockChannel } from "../orders/order.ts";
import { productPage } from "../pages/product.ts";
import { visitorOf } from "../visitors/visitor.ts";

export interface ProductParts {
  connected: Connected;
  catalog: Catalog;
  carts: ShoppingCarts;
}

export function productRoutes({ connected, catalog }: ProductParts): { routes: Router; close: () => void } {
  const routes = Router();
  const channels = new Map<number, ReturnType<typeof stockChannel>>();

  routes.get("/shoes/:id", async (request, response, next) => {
    const id = productIdOf(request.params.id);
    const product = id === null ? null : await catalog.product(id);
    if (product === null) return next();
    const [stock, reviews, alsoBought] = await Promise.all([
      catalog.stock(product.id),
      catalog.reviews(product.id),
      catalog.alsoBought(product.id),
    ]);
    const token = visitorOf(request).get("token") ?? "";
    response.send(productPage({ product, stock, reviews, alsoBought, token }));
  });

  const bridge = sse(async ({ url }) => {
    const id = productIdOf(url.searchParams.get("product") ?? "");
    if (id === null || (await catalog.product(id)) === null) return null;
    const channel = channels.get(id) ?? stockChannel(connected, id);
    channels.set(id, channel);
    return channel;
  });
  routes.get("/stock", bridge.node);

  return {
    routes,
    close() {
      bridge.close();
      for (const channel of channels.values()) channel.close();
    },
  };
}

export function productIdOf(text: string): number | null {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}
