/** The same loop for every contender. */
const turn = 32;

export const keyCount = 10_000;
export const keys = Array.from({ length: keyCount }, (_, index) => `product:${index}`);

/** About 340 bytes of JSON. */
export function productOf(index) {
  return {
    id: index,
    name: `Runner ${index}`,
    brand: "Northfield",
    price: 89.9 + (index % 50),
    currency: "EUR",
    sizes: [38, 39, 40, 41, 42, 43, 44],
    inStock: index % 3 !== 0,
    rating: 4.2,
    description: `A light shoe for long distances on roads and tracks, number ${index} of the collection. ${"Breathable mesh. ".repeat(6)}`,
  };
}

/** Operations a second, with so many in flight. */
export async function rateOf(operate, { inFlight, forMs }) {
  const startMs = performance.now();
  let count = 0;
  const worker = async (_, offset) => {
    let next = offset * 131;
    while (performance.now() - startMs < forMs) {
      for (let step = 0; step < turn; step++) await operate(keys[next++ % keyCount]);
      count += turn;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (count / (performance.now() - startMs)) * 1_000;
}
