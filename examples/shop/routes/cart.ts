/** The cart, and buying what is in it. */
import { randomUUID } from "node:crypto";
import type { Queue } from "@larder/client/messaging";
import type { ShoppingCarts } from "@larder/client/session/cart";
import { Router } from "express";
import type { Catalog } from "../catalog/catalog.ts";
import { sizes } from "../catalog/categories.ts";
import type { Database } from "../database/database.ts";
import type { Order, OrderLine } from "../orders/order.ts";
import { findOrder } from "../orders/order-history.ts";
import { type CartRow, cartPage, orderPage, problemPage } from "../pages/own.ts";
import { cartOwner, ensureCartOwner, visitorOf } from "../visitors/visitor.ts";
import { productIdOf } from "./product.ts";

export interface CartParts {
  database: Database;
  catalog: Catalog;
  carts: ShoppingCarts;
  queue: Queue<Order>;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function cartRoutes({ database, catalog, carts, queue }: CartParts): Router {
  const routes = Router();

  routes.get("/cart", async (request, response) => {
    const visitor = visitorOf(request);
    const owner = cartOwner(visitor);
    const lines = owner === undefined ? [] : orderLines(await carts.lines(owner));
    const token = visitor.get("token") ?? "";
    const rows = await cartRows(catalog, lines);
    response.send(cartPage({ rows, orderId: randomUUID(), token, isSignedIn: visitor.user !== undefined }));
  });

  routes.post("/cart", async (request, response) => {
    const line = lineOf(request.body);
    if (line === null || (await catalog.product(line.productId)) === null)
      return void response.status(400).send(problemPage("Which one?", "There is no such shoe in that size."));
    const change = await carts.add(ensureCartOwner(visitorOf(request)), `${line.productId}:${line.size}`);
    if (change.is === "refused")
      return void response
        .status(409)
        .send(problemPage("Too many", "A cart has room for 50 shoes, and 10 pairs of each."));
    response.redirect(303, "/cart");
  });

  routes.post("/cart/line", async (request, response) => {
    const line = lineOf(request.body);
    const quantity = Number(request.body?.quantity);
    if (line === null || !Number.isInteger(quantity) || quantity < 0)
      return void response.status(400).send(problemPage("How many?", "That is no number of pairs."));
    await carts.set(ensureCartOwner(visitorOf(request)), `${line.productId}:${line.size}`, quantity);
    response.redirect(303, "/cart");
  });

  routes.post("/orders", async (request, response) => {
    const visitor = visitorOf(request);
    const { user } = visitor;
    const id = String(request.body?.order ?? "");
    if (user === undefined) return response.redirect(303, "/sign-in?to=/cart");
    if (!uuid.test(id)) return void response.status(400).send(problemPage("Which order?", "Load your cart anew."));
    const lines = orderLines(await carts.lines(user));
    if (lines.length > 0) {
      // A customer's orders run one after the other; the button pressed twice is one order.
      await queue.add({ id, userId: Number(user), lines }, { key: user, dedupe: id });
      await carts.clear(user);
    }
    response.redirect(303, `/orders/${id}`);
  });

  routes.get("/orders/:id", async (request, response, next) => {
    const { user } = visitorOf(request);
    if (user === undefined) return response.redirect(303, `/sign-in?to=${request.path}`);
    if (!uuid.test(request.params.id)) return next();
    response.send(orderPage(await findOrder(database, { id: request.params.id, userId: Number(user) })));
  });

  return routes;
}

/** An article of a cart is a shoe in a size: "42:38". */
function orderLines(lines: readonly { article: string; quantity: number }[]): OrderLine[] {
  return lines.map(({ article, quantity }) => {
    const [productId = 0, size = 0] = article.split(":").map(Number);
    return { productId, size, quantity };
  });
}

/** At the prices of this moment. */
async function cartRows(catalog: Catalog, lines: readonly OrderLine[]): Promise<CartRow[]> {
  const cards = new Map(
    (await catalog.cards([...new Set(lines.map((line) => line.productId))])).map((card) => [card.id, card]),
  );
  return lines.flatMap((line) => {
    const card = cards.get(line.productId);
    return card === undefined ? [] : [{ ...line, name: card.name, priceCents: card.priceCents }];
  });
}

function lineOf(body: Record<string, unknown> | undefined): { productId: number; size: number } | null {
  const productId = productIdOf(String(body?.["product"] ?? ""));
  const size = sizes.find((each) => each === Number(body?.["size"]));
  return productId === null || size === undefined ? null : { productId, size };
}
