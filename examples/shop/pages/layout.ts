/**
 * What all pages have. Pages of the front and the shelves are kept for everybody, so the visitor's own part of the head is put in by a
 * script (/visitor.js); without scripts its links lead to the same.
 */
import { categories } from "../catalog/categories.ts";
import type { Card } from "../catalog/queries.ts";
import { type Html, html } from "./html.ts";

export interface Page {
  title: string;
  content: Html;
  /** Beside /visitor.js. */
  scripts?: readonly string[];
  styles?: readonly string[];
  /** Looked for in the box. */
  search?: string;
  /** Asks again after so many seconds. */
  refreshAfter?: number | null;
}

export function layout({ title, content, scripts = [], styles = [], search = "", refreshAfter = null }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  ${refreshAfter !== null && html`<meta http-equiv="refresh" content="${refreshAfter}">`}
  <title>${title} · Stride</title>
  <link rel="icon" href="/icon.svg">
  ${["/shop.css", ...styles].map((path) => html`<link rel="stylesheet" href="${path}">`)}
  ${["/visitor.js", ...scripts].map((path) => html`<script type="module" src="${path}"></script>`)}
</head>
<body>
  <a class="skip" href="#content">Skip to content</a>
  <header>
    <a class="brand" href="/">Stride</a>
    <form class="search" action="/search" role="search">
      <input type="search" name="q" value="${search}" aria-label="Search for shoes" placeholder="Search for shoes" maxlength="80">
    </form>
    <nav class="own" aria-label="Yours">
      <a href="/chat">Chat</a>
      <a href="/account" id="account">Sign in</a>
      <a href="/cart">Cart <span id="cart-count" class="count" hidden></span></a>
    </nav>
    <nav class="shelves" aria-label="Categories">
      ${Object.entries(categories).map(([path, name]) => html`<a href="/category/${path}">${name}</a>`)}
    </nav>
  </header>
  <main id="content">${content}</main>
  <footer>Made-up shoes of an example. <a href="/live">See the shop work</a>.</footer>
</body>
</html>`.text;
}

export function cardList(cards: readonly Card[]): Html {
  return html`<ul class="cards">${cards.map(
    (card) => html`<li><a href="/shoes/${card.id}">
      ${shoePicture(card.colour)}
      <span class="maker">${card.brand}</span>
      <strong>${card.name}</strong>
      <span class="line"><span>${price(card.priceCents)}</span>${stars(card.stars, card.reviews)}</span>
    </a></li>`,
  )}</ul>`;
}

export function shoePicture(colour: string): Html {
  return html`<svg class="shoe ${colour}" viewBox="0 0 120 70" aria-hidden="true"><use href="/shoe.svg#shoe"/></svg>`;
}

export function stars(average: number, count: number): Html {
  if (count === 0) return html`<span class="stars none">No reviews</span>`;
  return html`<span class="stars"><span aria-hidden="true">★</span> ${average.toFixed(1)}
    <span class="faint"><span class="unseen">of 5 stars, reviews: </span>(${count.toLocaleString("en")})</span></span>`;
}

export function price(cents: number): string {
  return `€${(cents / 100).toFixed(2)}`;
}
