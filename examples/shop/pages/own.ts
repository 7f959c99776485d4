/** Pages that are the visitor's own: cart, sign-in, account, orders. */
import { seededPassword } from "../database/seed.ts";
import { type Html, html } from "./html.ts";
import { layout, price } from "./layout.ts";

export interface CartRow {
  productId: number;
  size: number;
  name: string;
  quantity: number;
  priceCents: number;
}

export interface CartView {
  rows: readonly CartRow[];
  /** Of the order that this page would place, so that pressing the button twice places one. */
  orderId: string;
  token: string;
  isSignedIn: boolean;
}

export function cartPage({ rows, orderId, token, isSignedIn }: CartView): string {
  const total = rows.reduce((sum, { quantity, priceCents }) => sum + quantity * priceCents, 0);
  return layout({
    title: "Cart",
    content: html`<h1>Your cart</h1>
      ${
        rows.length === 0
          ? html`<p>It is empty. <a href="/">Look around</a>.</p>`
          : html`
        <table class="lines"><thead><tr><th>Shoe</th><th>Size</th><th>Each</th><th>Pairs</th></tr></thead>
          <tbody>${rows.map((row) => cartLine(row, token))}</tbody></table>
        <p class="price">Together ${price(total)}</p>
        ${
          isSignedIn
            ? html`<form method="post" action="/orders"><input type="hidden" name="token" value="${token}">
            <input type="hidden" name="order" value="${orderId}"><button class="button">Buy</button></form>`
            : html`<a class="button" href="/sign-in?to=/cart">Sign in to buy</a>`
        }`
      }`,
  });
}

function cartLine({ productId, size, name, quantity, priceCents }: CartRow, token: string): Html {
  return html`<tr><td><a href="/shoes/${productId}">${name}</a></td><td>${size}</td><td>${price(priceCents)}</td>
    <td><form method="post" action="/cart/line"><input type="hidden" name="token" value="${token}">
      <input type="hidden" name="product" value="${productId}"><input type="hidden" name="size" value="${size}">
      <input type="number" name="quantity" min="0" max="10" value="${quantity}" aria-label="Pairs of ${name}">
      <button>Change</button></form></td></tr>`;
}

export function signInPage({ to, token, problem }: { to: string; token: string; problem?: string }): string {
  return layout({
    title: "Sign in",
    content: html`<h1>Sign in</h1>
      ${problem !== undefined && html`<p role="alert" class="problem">${problem}</p>`}
      <form class="narrow" method="post" action="/sign-in">
        <input type="hidden" name="token" value="${token}"><input type="hidden" name="to" value="${to}">
        <label>E-mail <input type="email" name="email" autocomplete="username" required value="runner1@example.com"></label>
        <label>Password <input type="password" name="password" autocomplete="current-password" required></label>
        <button class="button">Sign in</button>
      </form>
      <p class="faint">Made-up customers are runner1@example.com to runner1000@example.com; their password is ${seededPassword}.</p>`,
  });
}

export interface OrderSummary {
  id: string;
  date: string;
  pairs: number;
  soldOut: number;
}

export function accountPage({ name, orders, token }: { name: string; orders: OrderSummary[]; token: string }): string {
  return layout({
    title: "Account",
    content: html`<h1>${name}</h1>
      <form method="post" action="/sign-out"><input type="hidden" name="token" value="${token}"><button>Sign out</button></form>
      <h2>Orders</h2>
      <ul>${orders.map((order) => html`<li><a href="/orders/${order.id}">${order.date}</a>: ${pairsOf(order)}</li>`)}</ul>`,
  });
}

/** `order`: null while the worker has not had it. */
export function orderPage(order: OrderSummary | null): string {
  return layout({
    title: "Order",
    refreshAfter: order === null ? 1 : null,
    content:
      order === null
        ? html`<h1>Thank you</h1><p role="status">Your order is on its way to the warehouse …</p>`
        : html`<h1>Thank you</h1><p role="status">${pairsOf(order)}</p><p><a href="/">Back to the shop</a></p>`,
  });
}

export function problemPage(title: string, text: string): string {
  return layout({ title, content: html`<h1>${title}</h1><p>${text}</p>` });
}

function pairsOf({ pairs, soldOut }: OrderSummary): string {
  const packed = `${pairs - soldOut} ${pairs - soldOut === 1 ? "pair is" : "pairs are"} packed.`;
  return soldOut === 0 ? packed : `${packed} Sold out meanwhile: ${soldOut}.`;
}
