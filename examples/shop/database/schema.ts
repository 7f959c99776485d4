/** The tables. `id`s of orders are made by the shop before an order is in the database, so that placing one twice is placing it once. */

export const tables = [
  `CREATE TABLE users (
     id int PRIMARY KEY,
     email text NOT NULL UNIQUE,
     name text NOT NULL,
     password text NOT NULL
   )`,
  `CREATE TABLE products (
     id int PRIMARY KEY,
     name text NOT NULL,
     brand text NOT NULL,
     category text NOT NULL,
     colour text NOT NULL,
     description text NOT NULL,
     price_cents int NOT NULL CHECK (price_cents > 0),
     created_at timestamptz NOT NULL,
     search tsvector GENERATED ALWAYS AS (to_tsvector('english', name || ' ' || brand || ' ' || category || ' ' || colour)) STORED
   )`,
  `CREATE TABLE stock (
     product_id int NOT NULL REFERENCES products,
     size int NOT NULL,
     quantity int NOT NULL CHECK (quantity >= 0),
     PRIMARY KEY (product_id, size)
   )`,
  `CREATE TABLE reviews (
     id int PRIMARY KEY,
     product_id int NOT NULL REFERENCES products,
     user_id int NOT NULL REFERENCES users,
     stars int NOT NULL CHECK (stars BETWEEN 1 AND 5),
     body text NOT NULL,
     created_at timestamptz NOT NULL
   )`,
  `CREATE TABLE orders (
     id uuid PRIMARY KEY,
     user_id int NOT NULL REFERENCES users,
     placed_at timestamptz NOT NULL DEFAULT now()
   )`,
  `CREATE TABLE order_lines (
     order_id uuid NOT NULL REFERENCES orders,
     product_id int NOT NULL REFERENCES products,
     size int NOT NULL,
     quantity int NOT NULL,
     is_sold_out boolean NOT NULL DEFAULT false,
     PRIMARY KEY (order_id, product_id, size)
   )`,
];

/** Made after the rows, which is faster. */
export const indexes = [
  "CREATE INDEX products_by_category ON products (category, created_at DESC)",
  "CREATE INDEX products_by_age ON products (created_at DESC)",
  "CREATE INDEX products_by_text ON products USING gin (search)",
  "CREATE INDEX reviews_by_product ON reviews (product_id, created_at DESC)",
  "CREATE INDEX lines_by_product ON order_lines (product_id)",
  "CREATE INDEX orders_by_time ON orders (placed_at)",
  "CREATE INDEX orders_by_user ON orders (user_id, placed_at DESC)",
  // The change feed then says of which category a product was before it changed.
  "ALTER TABLE products REPLICA IDENTITY FULL",
  "ALTER TABLE reviews REPLICA IDENTITY FULL",
  "ANALYZE",
];
