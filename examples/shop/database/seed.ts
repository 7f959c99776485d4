/**
 * Made-up shoes, customers, reviews and orders, the same each time. The server makes the rows itself: a row's random numbers are hashes
 * of its number. Few products have most of the reviews and orders, as in life.
 */
import pg from "pg";
import { categories, colours } from "../catalog/categories.ts";
import { hashPassword } from "../visitors/passwords.ts";
import { indexes, tables } from "./schema.ts";

export interface SeedSize {
  products: number;
  reviews: number;
  orders: number;
  users: number;
}

export const fullSize: SeedSize = { products: 20_000, reviews: 200_000, orders: 80_000, users: 1_000 };

/** Of all seeded customers, `runner1@example.com` and so on. */
export const seededPassword = "run-fast-42";

/** Popular products are spread over all of them: rank 0, the most popular, is product 1, rank 1 is product 7,920, and so on. */
export function productOfRank(rank: number, products: number): number {
  return 1 + ((rank * rankStep) % products);
}

/** A prime, so that each product has one rank. */
const rankStep = 7_919;

const brands = ["Aurora", "Breakaway", "Cadence", "Drift", "Everest", "Fleet", "Gale", "Halcyon"];
const styles = [
  "Swift",
  "Feather",
  "Canyon",
  "Comet",
  "Tempo",
  "Ridge",
  "Pulse",
  "Summit",
  "Vapour",
  "Horizon",
  "Orbit",
];
const kinds = ["Racer", "Glide", "Runner", "Low", "Mid", "Pro", "Lite", "Max", "Knit"];
const sentences = [
  "Light, and quick from the first step.",
  "True to size, with room for the toes.",
  "They held up through a wet autumn.",
  "The heel rubbed for a week and then never again.",
  "My third pair, and not my last.",
  "A little stiff for long days.",
  "Great grip on rock, less on mud.",
  "Worth the money.",
];

/** Fills an empty database. */
export async function seed(url: string, size: SeedSize = fullSize): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // One hash for all of them: a slow one for each would take minutes, and they share the password anyway.
    const password = await hashPassword(seededPassword);
    for (const statement of [...tables, ...rowsOf(size, password), ...indexes]) await client.query(statement);
  } finally {
    await client.end();
  }
}

function rowsOf({ products, reviews, orders, users }: SeedSize, password: string): string[] {
  const popular = (column: string) => `1 + (floor(${products} * power(${column}, 3))::int * ${rankStep}) % ${products}`;
  return [
    `INSERT INTO users
     SELECT n, 'runner' || n || '@example.com', 'Runner ' || n, '${password}' FROM generate_series(1, ${users}) AS n`,
    `INSERT INTO products
     SELECT n, ${pick(styles, 1)} || ' ' || ${pick(kinds, 2)} || ' ' || n, ${pick(brands, 3)}, ${pick(Object.keys(categories), 4)},
       ${pick(colours, 5)}, 'Knitted upper, foam that gives back, and a sole for ' || ${pick(["road", "track", "gym", "forest"], 6)} || '.',
       (49 + floor(${random("n", 7)} * 160))::int * 100 + 95, now() - ${random("n", 8)} * interval '3 years'
     FROM generate_series(1, ${products}) AS n`,
    `INSERT INTO stock
     SELECT n, size, 20 + floor(${random("n * 100 + size", 9)} * 180)::int
     FROM generate_series(1, ${products}) AS n, generate_series(37, 46) AS size`,
    `INSERT INTO reviews
     SELECT n, ${popular(random("n", 10))}, ${between(users, 11)}, 1 + floor(5 * sqrt(${random("n", 12)}))::int,
       ${pick(sentences, 13)} || ' ' || ${pick(sentences, 14)} || ' ' || ${pick(sentences, 15)},
       now() - ${random("n", 16)} * interval '2 years'
     FROM generate_series(1, ${reviews}) AS n`,
    `INSERT INTO orders
     SELECT md5(n::text)::uuid, ${between(users, 17)}, now() - ${random("n", 18)} * interval '60 days'
     FROM generate_series(1, ${orders}) AS n`,
    `INSERT INTO order_lines
     SELECT md5(n::text)::uuid, ${popular(random("n * 8 + line", 19))}, 37 + (n + line) % 10, 1
     FROM generate_series(1, ${orders}) AS n, generate_series(0, 3) AS line
     WHERE line <= n % 4
     ON CONFLICT DO NOTHING`,
  ];
}

/** From 0 to below 1. */
function random(number: string, salt: number): string {
  return `((hashint4extended((${number})::int, ${salt}) & 1073741823) / 1073741824.0::float8)`;
}

function between(count: number, salt: number): string {
  return `1 + floor(${random("n", salt)} * ${count})::int`;
}

function pick(values: readonly string[], salt: number): string {
  const list = values.map((value) => `'${value}'`).join(", ");
  return `(ARRAY[${list}])[${between(values.length, salt)}]`;
}
