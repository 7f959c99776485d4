/** What a customer sees of orders that the worker has had. */
import type { Queries, Statement } from "../database/database.ts";
import type { OrderSummary } from "../pages/own.ts";

/** Another customer's order is as if there was none. */
export async function findOrder(
  queries: Queries,
  { id, userId }: { id: string; userId: number },
): Promise<OrderSummary | null> {
  return (await queries.rows<OrderSummary>(orderOfUser, [userId, id]))[0] ?? null;
}

export function newestOrders(queries: Queries, userId: number): Promise<OrderSummary[]> {
  return queries.rows<OrderSummary>(ordersOfUser, [userId]);
}

const summary = `
  SELECT orders.id, to_char(placed_at, 'YYYY-MM-DD HH24:MI') AS date,
    coalesce(sum(quantity), 0)::int AS pairs, coalesce(sum(quantity) FILTER (WHERE is_sold_out), 0)::int AS "soldOut"
  FROM orders LEFT JOIN order_lines ON order_id = orders.id
  WHERE user_id = $1`;

const orderOfUser: Statement = { name: "order-of-user", text: `${summary} AND orders.id = $2 GROUP BY orders.id` };

const ordersOfUser: Statement = {
  name: "orders-of-user",
  text: `${summary} GROUP BY orders.id ORDER BY placed_at DESC LIMIT 20`,
};
