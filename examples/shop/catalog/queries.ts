/** The SQL behind the pages. Ordinary queries of an ordinary shop: ratings and "also bought" are counted when they are asked for. */
import type { Queries, Statement } from "../database/database.ts";

export interface Product {
  id: number;
  name: string;
  brand: string;
  category: string;
  colour: string;
  description: string;
  priceCents: number;
}

export interface SizeInStock {
  size: number;
  quantity: number;
}

export interface Reviews {
  /** How many have one star, two, and so on. */
  histogram: number[];
  newest: { author: string; stars: number; body: string; date: string }[];
}

/** A product in a list. */
export interface Card {
  id: number;
  name: string;
  brand: string;
  colour: string;
  priceCents: number;
  stars: number;
  reviews: number;
}

export async function findProduct(queries: Queries, id: number): Promise<Product | null> {
  return (await queries.rows<Product>(productById, [id]))[0] ?? null;
}

export function findStock(queries: Queries, id: number): Promise<SizeInStock[]> {
  return queries.rows<SizeInStock>(stockByProduct, [id]);
}

export async function findReviews(queries: Queries, id: number): Promise<Reviews> {
  const [counts, newest] = await Promise.all([
    queries.rows<{ stars: number; count: number }>(starsByProduct, [id]),
    queries.rows<Reviews["newest"][number]>(newestReviews, [id]),
  ]);
  const histogram = [1, 2, 3, 4, 5].map((stars) => counts.find((row) => row.stars === stars)?.count ?? 0);
  return { histogram, newest };
}

/** The ids of what those who bought this bought, too. */
export function findAlsoBought(queries: Queries, id: number): Promise<number[]> {
  return idsOf(queries, alsoBought, [id]);
}

export function findBestSellers(queries: Queries): Promise<number[]> {
  return idsOf(queries, bestSellers);
}

export function findNewArrivals(queries: Queries): Promise<number[]> {
  return idsOf(queries, newArrivals);
}

export function findByText(queries: Queries, text: string): Promise<number[]> {
  return idsOf(queries, byText, [text]);
}

/** In the order of the ids; null where there is no such product. */
export async function findCards(queries: Queries, ids: readonly number[]): Promise<(Card | null)[]> {
  const cards = new Map((await queries.rows<Card>(cardsById, [ids])).map((card) => [card.id, card]));
  return ids.map((id) => cards.get(id) ?? null);
}

export const sorts = {
  popular: "Most reviewed",
  rating: "Best rated",
  price: "Lowest price",
  newest: "Newest",
} as const;
export type Sort = keyof typeof sorts;

export interface Filters {
  category: string;
  sort: Sort;
  brand: string | null;
  size: number | null;
  priceCentsMax: number | null;
  page: number;
}

export const pageLength = 24;

export function findInCategory(queries: Queries, filters: Filters): Promise<Card[]> {
  const { category, brand, size, priceCentsMax, page, sort } = filters;
  const offset = (page - 1) * pageLength;
  return queries.rows<Card>(listings[sort], [category, brand, priceCentsMax, size, pageLength, offset]);
}

async function idsOf(queries: Queries, statement: Statement, values: readonly unknown[] = []): Promise<number[]> {
  return (await queries.rows<{ id: number }>(statement, values)).map(({ id }) => id);
}

const productById: Statement = {
  name: "product-by-id",
  text: `SELECT id, name, brand, category, colour, description, price_cents AS "priceCents" FROM products WHERE id = $1`,
};

const stockByProduct: Statement = {
  name: "stock-by-product",
  text: "SELECT size, quantity FROM stock WHERE product_id = $1 ORDER BY size",
};

const starsByProduct: Statement = {
  name: "stars-by-product",
  text: "SELECT stars, count(*)::int AS count FROM reviews WHERE product_id = $1 GROUP BY stars",
};

const newestReviews: Statement = {
  name: "newest-reviews",
  text: `
    SELECT users.name AS author, stars, body, to_char(created_at, 'YYYY-MM-DD') AS date
    FROM reviews JOIN users ON users.id = user_id
    WHERE product_id = $1 ORDER BY created_at DESC LIMIT 8`,
};

const alsoBought: Statement = {
  name: "also-bought",
  text: `
    SELECT other.product_id AS id
    FROM order_lines AS own
    JOIN order_lines AS other ON other.order_id = own.order_id AND other.product_id <> own.product_id
    WHERE own.product_id = $1
    GROUP BY other.product_id ORDER BY count(*) DESC, other.product_id LIMIT 6`,
};

const bestSellers: Statement = {
  name: "best-sellers",
  text: `
    SELECT product_id AS id
    FROM orders JOIN order_lines ON order_id = orders.id
    WHERE placed_at > now() - interval '7 days'
    GROUP BY product_id ORDER BY sum(quantity) DESC, product_id LIMIT 12`,
};

const newArrivals: Statement = {
  name: "new-arrivals",
  text: "SELECT id FROM products ORDER BY created_at DESC, id LIMIT 12",
};

const byText: Statement = {
  name: "by-text",
  text: `
    SELECT id FROM products, websearch_to_tsquery('english', $1) AS asked
    WHERE search @@ asked ORDER BY ts_rank(search, asked) DESC, id LIMIT 24`,
};

const cardColumns = `
  products.id, name, brand, colour, price_cents AS "priceCents",
  coalesce(rating.stars, 0)::float8 AS stars, rating.count::int AS reviews`;

const withRating = `
  products CROSS JOIN LATERAL (
    SELECT avg(stars) AS stars, count(*) AS count FROM reviews WHERE product_id = products.id
  ) AS rating`;

const cardsById: Statement = {
  name: "cards-by-id",
  text: `SELECT ${cardColumns} FROM ${withRating} WHERE products.id = ANY ($1)`,
};

const orders: Readonly<Record<Sort, string>> = {
  popular: "rating.count DESC",
  rating: "rating.stars DESC NULLS LAST, rating.count DESC",
  price: "price_cents",
  newest: "created_at DESC",
};

const listings = Object.fromEntries(
  Object.entries(orders).map(([sort, order]) => [
    sort,
    {
      name: `category-by-${sort}`,
      text: `
        SELECT ${cardColumns} FROM ${withRating}
        WHERE category = $1 AND ($2::text IS NULL OR brand = $2) AND ($3::int IS NULL OR price_cents <= $3)
          AND ($4::int IS NULL OR EXISTS (SELECT FROM stock WHERE product_id = products.id AND size = $4 AND quantity > 0))
        ORDER BY ${order}, products.id LIMIT $5 OFFSET $6`,
    },
  ]),
) as Record<Sort, Statement>;
