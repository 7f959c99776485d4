/** What was started, in order: it is stopped backwards. */
export class Lifetime {
  readonly #stopping = new AbortController();
  readonly #started: { stop(): Promise<void> }[] = [];

  /** Aborted as soon as the end begins: for what runs beside and is not waited for. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** What runs already, and is to be stopped. */
  owns(part: { stop(): Promise<void> }): void {
    this.#started.push(part);
  }

  /** Throws what the part's start throws; the part is then not stopped. */
  async run(part: { start(): Promise<void> | void; stop(): Promise<void> }): Promise<void> {
    await part.start();
    this.owns(part);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const part of this.#started.splice(0).reverse()) await part.stop();
  }
}
