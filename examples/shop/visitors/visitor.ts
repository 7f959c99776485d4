/** Who asks: the session, and whose cart it is. */
import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Server } from "@larder/client";
import { type Session, type Sessions, sessions } from "@larder/client/session";
import { type ShoppingCarts, shoppingCarts } from "@larder/client/session/cart";
import { sessionOf } from "@larder/client/session/express";
import { settings } from "../settings.ts";

export interface VisitorFields {
  /** Of the signed-in customer, or made up for the chat. */
  name: string;
  /** Names the cart of somebody who has not signed in. */
  cart: string;
  /** In every form; see own-requests.ts. */
  token: string;
}

export type Visitor = Session<VisitorFields>;

export function visitorSessions(server: Server): Sessions<VisitorFields> {
  return sessions<VisitorFields>({
    server,
    secrets: [settings.sessionSecret],
    namespace: `${settings.namespace}:session`,
    idle: "2h",
    absolute: "7d",
    cookie: settings.isSecure ? {} : { secure: false },
    // The shelves can be looked at while the sessions cannot be had.
    whenUnavailable: "anonymous",
  });
}

export function visitorCarts(server: Server): ShoppingCarts {
  return shoppingCarts({ server, namespace: `${settings.namespace}:cart`, quantityMax: 10, linesMax: 50 });
}

export function visitorOf(request: IncomingMessage): Visitor {
  return sessionOf<VisitorFields>(request);
}

/** undefined: one who has nothing yet, and need not be given a session for looking. */
export function cartOwner(visitor: Visitor): string | undefined {
  return visitor.user ?? visitor.get("cart");
}

export function ensureCartOwner(visitor: Visitor): string {
  const owner = cartOwner(visitor);
  if (owner !== undefined) return owner;
  const made = randomUUID();
  begin(visitor).set("cart", made);
  return made;
}

/** Whatever else a session gets, it has a token. */
export function begin(visitor: Visitor): Visitor {
  return visitor.has("token") ? visitor : visitor.set("token", randomBytes(16).toString("hex"));
}
