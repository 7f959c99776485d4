/** An order on its way from the shop to the worker, and what both tell browsers of the stock. */
import type { Server } from "@larder/client";
import { type Channel, createChannel, createQueue, type Queue } from "@larder/client/messaging";
import type { SizeInStock } from "../catalog/queries.ts";

export interface Order {
  id: string;
  userId: number;
  lines: OrderLine[];
}

export interface OrderLine {
  productId: number;
  size: number;
  quantity: number;
}

export interface Connected {
  server: Server;
  namespace: string;
}

export function orderQueue({ server, namespace }: Connected): Queue<Order> {
  return createQueue<Order>(`${namespace}:orders`, { server, retries: 8 });
}

/** One for each product. A page that was away is told what it missed. */
export function stockChannel({ server, namespace }: Connected, productId: number): Channel<SizeInStock> {
  return createChannel(`${namespace}:stock:${productId}`, { server, history: { length: 50, age: "10m" } });
}
