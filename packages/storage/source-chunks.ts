/** What a caller gives to be stored, chunk by chunk, where a source that hangs does not hold up an abort. */

export class SourceChunks {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;

  constructor(source: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    this.#chunks = source[Symbol.asyncIterator]();
    this.#signal = signal;
  }

  /** undefined at the end. Throws the source's error as it is, or the signal's reason. */
  async next(): Promise<Uint8Array | undefined> {
    this.#signal?.throwIfAborted();
    const next = await orAborted(this.#chunks.next(), this.#signal);
    return next.done === true ? undefined : next.value;
  }

  /** Ends the source. Does not wait for it: it may be what hangs. */
  close(): void {
    void this.#chunks.return?.().then(undefined, () => {});
  }
}

/**
 * Settles as the promise does, or with the signal's reason. Leaves nothing behind on the signal, which may live for a
 * million chunks.
 */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    const settled = () => signal.removeEventListener("abort", abort);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.finally(settled).then(resolve, reject);
  });
}
