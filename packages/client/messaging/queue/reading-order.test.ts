import { expect, test } from "bun:test";
import { readingOrder } from "./reading-order.ts";

test("all four levels are read each turn, and each lower one is the first in one of 24", () => {
  const orders = Array.from({ length: 24 }, (_, turn) => readingOrder(turn));
  for (const order of orders) expect([...order].sort().join("")).toBe("1234");
  expect(orders.filter((order) => order !== "1234")).toEqual(["4123", "3124", "2134"]);
  expect(orders.slice(0, 7)).toEqual(Array(7).fill("1234"));
});
