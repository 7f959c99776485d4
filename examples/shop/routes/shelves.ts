/** Front page, categories and search: the same for everybody. */
import { Router } from "express";
import type { Catalog } from "../catalog/catalog.ts";
import { categories, sizes } from "../catalog/categories.ts";
import { type Filters, type Sort, sorts } from "../catalog/queries.ts";
import { categoryPage, frontPage, searchPage } from "../pages/shelves.ts";

const pageMax = 100;
const searchLengthMax = 80;

export function shelfRoutes({ catalog }: { catalog: Catalog }): Router {
  const routes = Router();

  routes.get("/", async (_request, response) => {
    const [bestSellers, newArrivals] = await Promise.all([catalog.bestSellers(), catalog.newArrivals()]);
    response.send(frontPage({ bestSellers, newArrivals }));
  });

  routes.get("/category/:category", async (request, response, next) => {
    const { category } = request.params;
    if (!Object.hasOwn(categories, category)) return next();
    const filters = filtersOf(category, request.query);
    response.send(categoryPage(await catalog.category(filters), filters));
  });

  routes.get("/search", async (request, response) => {
    const text = String(request.query["q"] ?? "")
      .trim()
      .slice(0, searchLengthMax);
    response.send(searchPage(text === "" ? [] : await catalog.search(text.toLowerCase()), text));
  });

  return routes;
}

/** What is none of what a filter can be is as if it was not given. */
function filtersOf(category: string, query: Record<string, unknown>): Filters {
  const { sort, brand, size, max, page } = query;
  return {
    category,
    sort: typeof sort === "string" && Object.hasOwn(sorts, sort) ? (sort as Sort) : "popular",
    brand: typeof brand === "string" && brand !== "" ? brand : null,
    size: sizes.find((each) => each === Number(size)) ?? null,
    priceCentsMax: Number(max) > 0 && Number(max) < 1_000 ? Math.round(Number(max) * 100) : null,
    page: Math.min(pageMax, Math.max(1, Math.floor(Number(page)) || 1)),
  };
}
