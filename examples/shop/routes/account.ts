/** Signing in and out, the account, and what the head of kept pages is told of the visitor. */
import type { ShoppingCarts } from "@larder/client/session/cart";
import { type Request, Router } from "express";
import type { Database, Statement } from "../database/database.ts";
import { newestOrders } from "../orders/order-history.ts";
import { accountPage, signInPage } from "../pages/own.ts";
import { hashPassword, isPassword } from "../visitors/passwords.ts";
import { begin, cartOwner, visitorOf } from "../visitors/visitor.ts";

const userByEmail: Statement = {
  name: "user-by-email",
  text: "SELECT id, name, password FROM users WHERE email = lower($1)",
};

/** Compared where there is no such customer, so that the time that an answer takes does not tell which addresses are known. */
const nobodysPassword = hashPassword("nobody");

export function accountRoutes({ database, carts }: { database: Database; carts: ShoppingCarts }): Router {
  const routes = Router();

  routes.get("/visitor", async (request, response) => {
    const visitor = visitorOf(request);
    const owner = cartOwner(visitor);
    const lines = owner === undefined ? [] : await carts.lines(owner);
    const pairs = lines.reduce((sum, { quantity }) => sum + quantity, 0);
    const name = visitor.user === undefined ? null : (visitor.get("name") ?? null);
    response.set("cache-control", "no-store").json({ name, pairs, token: visitor.get("token") ?? "" });
  });

  routes.get("/sign-in", (request, response) => {
    response.send(signInPage({ to: pathOf(request.query["to"]), token: tokenOf(request) }));
  });

  routes.post("/sign-in", async (request, response) => {
    const { email = "", password = "", to } = request.body ?? {};
    const [user] = await database.rows<{ id: number; name: string; password: string }>(userByEmail, [String(email)]);
    const isRight = await isPassword(String(password), user?.password ?? (await nobodysPassword));
    if (user === undefined || !isRight) {
      const problem = "E-mail and password do not fit together.";
      return void response.status(401).send(signInPage({ to: pathOf(to), token: tokenOf(request), problem }));
    }
    const visitor = visitorOf(request);
    const cart = visitor.get("cart");
    if (cart !== undefined) await carts.merge(cart, `${user.id}`);
    begin(visitor.signIn(`${user.id}`, { device: request.get("user-agent") ?? "unknown" }))
      .set("name", user.name)
      .delete("cart");
    response.redirect(303, pathOf(to));
  });

  routes.post("/sign-out", (request, response) => {
    visitorOf(request).destroy();
    response.redirect(303, "/");
  });

  routes.get("/account", async (request, response) => {
    const visitor = visitorOf(request);
    if (visitor.user === undefined) return response.redirect(303, "/sign-in?to=/account");
    const orders = await newestOrders(database, Number(visitor.user));
    response.send(accountPage({ name: visitor.get("name") ?? "", orders, token: tokenOf(request) }));
  });

  return routes;
}

function tokenOf(request: Request): string {
  return visitorOf(request).get("token") ?? "";
}

/** Only within the shop: "//elsewhere" is another site. */
function pathOf(to: unknown): string {
  return typeof to === "string" && /^\/(?![/\\])/.test(to) ? to : "/";
}
