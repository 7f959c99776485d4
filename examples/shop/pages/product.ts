/** A product's page. */
import { categories } from "../catalog/categories.ts";
import type { Card, Product, Reviews, SizeInStock } from "../catalog/queries.ts";
import { type Html, html } from "./html.ts";
import { cardList, layout, price, shoePicture, stars } from "./layout.ts";

export interface ProductView {
  product: Product;
  stock: readonly SizeInStock[];
  reviews: Reviews;
  alsoBought: Card[];
  token: string;
}

export function productPage({ product, stock, reviews, alsoBought, token }: ProductView): string {
  const { id, name, brand, category, colour, description, priceCents } = product;
  const count = reviews.histogram.reduce((sum, each) => sum + each, 0);
  const average = reviews.histogram.reduce((sum, each, index) => sum + each * (index + 1), 0) / Math.max(1, count);
  return layout({
    title: name,
    scripts: ["/stock.js"],
    content: html`
      <nav aria-label="Where you are" class="faint"><a href="/">Shop</a> › <a href="/category/${category}">${categories[category]}</a></nav>
      <article class="product">
        <div class="picture">${shoePicture(colour)}</div>
        <div>
          <span class="maker">${brand}</span>
          <h1>${name}</h1>
          ${stars(average, count)}
          <p class="price">${price(priceCents)}</p>
          <p>${description}</p>
          <form method="post" action="/cart">
            <input type="hidden" name="token" value="${token}">
            <input type="hidden" name="product" value="${id}">
            <fieldset class="sizes" data-product="${id}">
              <legend>Size <span class="live" id="stock-state" hidden>live</span></legend>
              ${stock.map(sizeChoice)}
            </fieldset>
            <button class="button">Add to cart</button>
          </form>
        </div>
      </article>
      <section class="reviews">
        <h2>${count.toLocaleString("en")} reviews</h2>
        <dl class="histogram">${[5, 4, 3, 2, 1].map((of) => {
          const these = reviews.histogram[of - 1] ?? 0;
          return html`<div><dt>${of} ★</dt><dd><meter min="0" max="${Math.max(1, count)}" value="${these}">${these}</meter> ${these.toLocaleString("en")}</dd></div>`;
        })}</dl>
        <ul>${reviews.newest.map(
          (review) => html`<li><p>${review.body}</p>
            <p class="faint">${"★".repeat(review.stars)}<span class="unseen"> ${review.stars} of 5 stars,</span> ${review.author}, ${review.date}</p></li>`,
        )}</ul>
      </section>
      ${alsoBought.length > 0 && html`<h2>Customers also bought</h2>${cardList(alsoBought)}`}`,
  });
}

function sizeChoice({ size, quantity }: SizeInStock): Html {
  return html`<label><input type="radio" name="size" value="${size}" required${quantity === 0 && html` disabled`}>
    <span>${size}</span><small data-size="${size}">${quantity} left</small></label>`;
}
