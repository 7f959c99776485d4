/** Order statistics; NaN of no values. Between two values they are linear. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], fraction: number): number {
  return quantileOfSorted(
    [...values].sort((a, b) => a - b),
    fraction,
  );
}

/** As `quantile`, for values in rising order: of many, sorting is what costs. */
export function quantileOfSorted(sorted: ArrayLike<number>, fraction: number): number {
  const position = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}
