/** How the stores of frameworks answer. */
export type Callback<T> = (error?: unknown, value?: T) => void;

/** In a turn of its own: what the callback throws is the caller's, and no rejection of the promise. */
export function answer<T>(result: Promise<T>, callback: Callback<T> = () => {}): void {
  result.then(
    (value) => setImmediate(callback, null, value),
    (error: unknown) => setImmediate(callback, error),
  );
}
