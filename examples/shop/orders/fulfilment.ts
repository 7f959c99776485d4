/**
 * Takes what was ordered from the stock. A message may be delivered twice, and the worker may be killed at any line; so the order's row and the
 * stock change in one transaction, and an order that is in the database already takes nothing again.
 */
import type { Queries, Statement } from "../database/database.ts";
import type { Order, OrderLine } from "./order.ts";

export interface StockChange {
  productId: number;
  size: number;
  quantity: number;
}

/** Returns the stock as it is now of all that the order has, to be told to browsers: also for an order that was there before. */
export async function fulfil(queries: Queries, { id, userId, lines }: Order): Promise<StockChange[]> {
  const inserted = await queries.rows<{ id: string }>(insertOrder, [id, userId]);
  if (inserted.length > 0) for (const line of inOrder(lines)) await takeLine(queries, id, line);
  return queries.rows<StockChange>(stockOfOrder, [id]);
}

async function takeLine(queries: Queries, orderId: string, { productId, size, quantity }: OrderLine): Promise<void> {
  const taken = await queries.rows(takeStock, [productId, size, quantity]);
  await queries.rows(insertLine, [orderId, productId, size, quantity, taken.length === 0]);
}

/** All transactions lock rows in the same order, so that none waits for another in a circle. */
function inOrder(lines: readonly OrderLine[]): OrderLine[] {
  return [...lines].sort((a, b) => a.productId - b.productId || a.size - b.size);
}

const insertOrder: Statement = {
  name: "insert-order",
  text: "INSERT INTO orders (id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id",
};

const takeStock: Statement = {
  name: "take-stock",
  text: `
    UPDATE stock SET quantity = quantity - $3
    WHERE product_id = $1 AND size = $2 AND quantity >= $3 RETURNING quantity`,
};

const insertLine: Statement = {
  name: "insert-line",
  text: "INSERT INTO order_lines (order_id, product_id, size, quantity, is_sold_out) VALUES ($1, $2, $3, $4, $5)",
};

const stockOfOrder: Statement = {
  name: "stock-of-order",
  text: `
    SELECT stock.product_id AS "productId", stock.size, stock.quantity
    FROM order_lines AS line JOIN stock ON stock.product_id = line.product_id AND stock.size = line.size
    WHERE order_id = $1`,
};
