/** Made-up users and orders, the same each time. */
import pg from "pg";

export const userCount = 5_000;
const ordersPerUser = 80;

const statements = [
  `CREATE TABLE users (
     id int PRIMARY KEY,
     name text NOT NULL,
     email text NOT NULL,
     country text NOT NULL
   )`,
  `CREATE TABLE orders (
     id int PRIMARY KEY,
     user_id int NOT NULL,
     category text NOT NULL,
     cents int NOT NULL
   )`,
  `INSERT INTO users
   SELECT n, 'User ' || n, 'user' || n || '@example.com', (ARRAY['CZ', 'DE', 'ES', 'FR', 'IT', 'NL', 'PL', 'SE'])[1 + n % 8]
   FROM generate_series(1, ${userCount}) AS n`,
  `INSERT INTO orders
   SELECT
     n,
     1 + n % ${userCount},
     (ARRAY['books', 'food', 'games', 'music'])[1 + (hashint4(n) & 3)],
     100 + (hashint4(n + 1) & 65535)
   FROM generate_series(1, ${userCount * ordersPerUser}) AS n`,
  "CREATE INDEX orders_by_user ON orders (user_id)",
  "ANALYZE",
];

/** Fills an empty database. */
export async function seed(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
