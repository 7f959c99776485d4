/** Which shoe a visitor looks at: of the n-th most popular one in n, as Zipf found of words. */
import { productOfRank } from "../database/seed.ts";

export class Popularity {
  readonly #products: number;
  readonly #sums: Float64Array;

  constructor(products: number) {
    this.#products = products;
    this.#sums = new Float64Array(products);
    let sum = 0;
    for (let rank = 0; rank < products; rank++) {
      sum += 1 / (rank + 1);
      this.#sums[rank] = sum;
    }
  }

  /** `fraction`: random, from 0 to below 1. */
  product(fraction: number): number {
    const wanted = fraction * (this.#sums.at(-1) ?? 0);
    let low = 0;
    let high = this.#products - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return productOfRank(low, this.#products);
  }
}
