/**
 * A body that is collected to be kept while it is streamed to the client that it is rendered for. The collecting never waits for that
 * client, up to `bytesMax`, as others wait for the result; what is longer is not kept, and goes on at the client's pace.
 *
 * The client going away ends nothing, except a body that nobody would keep.
 */
export class LiveBody {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #stop: () => void;
  readonly #bytesMax: number;
  readonly #bytesExpected: number | undefined;
  readonly #chunks: Uint8Array[] = [];
  readonly #whole: Promise<Buffer | null>;
  #resolveWhole: (body: Buffer | null) => void = () => {};
  #rejectWhole: (error: unknown) => void = () => {};
  #bytes = 0;
  #state: "collecting" | "too long" | "ended" | "failed" = "collecting";
  #error: unknown;
  #isAbandoned = false;
  #wake = () => {};

  constructor(
    source: { body: AsyncIterable<Uint8Array>; end(): void },
    limits: { bytesMax: number; bytesExpected: number | undefined },
  ) {
    this.#source = source.body[Symbol.asyncIterator]();
    this.#stop = () => source.end();
    this.#bytesMax = limits.bytesMax;
    this.#bytesExpected = limits.bytesExpected;
    this.#whole = new Promise((resolve, reject) => {
      this.#resolveWhole = resolve;
      this.#rejectWhole = reject;
    });
    // Whoever reads hears of the failure, too.
    this.#whole.catch(() => {});
    void this.#collect();
  }

  /** All of it; null where it is longer than `bytesMax`. Rejects where it ended before its end. */
  whole(): Promise<Buffer | null> {
    return this.#whole;
  }

  /** To be read once. `return` of its iterator, at any time, says that its client has gone. */
  read(): AsyncIterableIterator<Uint8Array> {
    const chunks = this.#read();
    return {
      next: () => chunks.next(),
      return: () => {
        this.abandon();
        return chunks.return(undefined);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    try {
      for (let index = 0; ; index++) {
        while (index >= this.#chunks.length && this.#state === "collecting") await this.#changed();
        if (index >= this.#chunks.length) break;
        yield this.#chunks[index] as Uint8Array;
      }
      if (this.#state === "failed") throw this.#error;
      if (this.#state === "too long") yield* this.#rest();
    } finally {
      this.abandon();
    }
  }

  /** Its client has gone. */
  abandon(): void {
    this.#isAbandoned = true;
    if (this.#state === "too long") this.#stop();
    this.#wake();
  }

  async #collect(): Promise<void> {
    try {
      while (this.#state === "collecting") {
        const { done, value } = await this.#source.next();
        if (done) this.#end();
        else this.#keep(value);
        this.#wake();
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #keep(chunk: Uint8Array): void {
    // The source may use its memory again.
    this.#chunks.push(new Uint8Array(chunk));
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#bytesMax) return;
    this.#state = "too long";
    this.#resolveWhole(null);
    if (this.#isAbandoned) this.#stop();
  }

  #end(): void {
    if (this.#bytesExpected !== undefined && this.#bytesExpected !== this.#bytes)
      throw new Error(`The body has ${this.#bytes} bytes, and its Content-Length says ${this.#bytesExpected}.`);
    this.#state = "ended";
    this.#resolveWhole(Buffer.concat(this.#chunks));
  }

  #fail(error: unknown): void {
    this.#state = "failed";
    this.#error = error;
    this.#rejectWhole(error);
    this.#wake();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async *#rest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { done, value } = await this.#source.next();
      if (done) return;
      yield value;
    }
  }
}
