/** Front page, categories and search. */
import { categories, sizes } from "../catalog/categories.ts";
import { type Card, type Filters, pageLength, sorts } from "../catalog/queries.ts";
import { type Html, html } from "./html.ts";
import { cardList, layout } from "./layout.ts";

export function frontPage({ bestSellers, newArrivals }: { bestSellers: Card[]; newArrivals: Card[] }): string {
  return layout({
    title: "Athletic shoes",
    content: html`
      <section class="welcome">
        <h1>Shoes that want to go out</h1>
        <p>For the road, the track, the forest and the way to work.</p>
        <a class="button" href="/category/running">See what runs</a>
      </section>
      <h2>Best sellers of the week</h2>${cardList(bestSellers)}
      <h2>New arrivals</h2>${cardList(newArrivals)}`,
  });
}

export function categoryPage(cards: Card[], filters: Filters): string {
  const name = categories[filters.category] ?? filters.category;
  return layout({
    title: name,
    content: html`<h1>${name}</h1>${filterForm(filters)}
      ${cards.length > 0 ? cardList(cards) : html`<p>No shoe is like that.</p>`}
      <p class="pages">
        ${filters.page > 1 && html`<a rel="prev" href="${urlOf(filters, filters.page - 1)}">Previous</a>`}
        ${cards.length === pageLength && html`<a rel="next" href="${urlOf(filters, filters.page + 1)}">Next</a>`}
      </p>`,
  });
}

export function searchPage(cards: Card[], text: string): string {
  return layout({
    title: `Search: ${text}`,
    search: text,
    content: html`<h1>“${text}”</h1>${cards.length > 0 ? cardList(cards) : html`<p>Nothing was found.</p>`}`,
  });
}

const brands = ["Aurora", "Breakaway", "Cadence", "Drift", "Everest", "Fleet", "Gale", "Halcyon"];

function filterForm({ sort, brand, size, priceCentsMax }: Filters): Html {
  const option = (value: string | number, text: string, isChosen: boolean) =>
    html`<option value="${value}"${isChosen && html` selected`}>${text}</option>`;
  return html`<form class="filters">
    <label>Sort <select name="sort">${Object.entries(sorts).map(([key, text]) => option(key, text, key === sort))}</select></label>
    <label>Brand <select name="brand">${option("", "All", brand === null)}${brands.map((each) => option(each, each, each === brand))}</select></label>
    <label>Size <select name="size">${option("", "All", size === null)}${sizes.map((each) => option(each, `${each}`, each === size))}</select></label>
    <label>Up to € <input type="number" name="max" min="1" max="999" value="${priceCentsMax === null ? "" : priceCentsMax / 100}"></label>
    <button>Show</button>
  </form>`;
}

function urlOf({ category, sort, brand, size, priceCentsMax }: Filters, page: number): string {
  const query = new URLSearchParams({ sort, page: `${page}` });
  if (brand !== null) query.set("brand", brand);
  if (size !== null) query.set("size", `${size}`);
  if (priceCentsMax !== null) query.set("max", `${priceCentsMax / 100}`);
  return `/category/${category}?${query}`;
}
