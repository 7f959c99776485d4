/** One document that others follow as a stream of lines, each the whole of it, as the controller serves its own. */
export class WatchedDocument<T> {
  #current: T;
  readonly #streams = new Set<ReadableStreamDefaultController<string>>();

  constructor(first: T) {
    this.#current = first;
  }

  get current(): T {
    return this.#current;
  }

  publish(next: T): void {
    this.#current = next;
    this.#send(this.#line);
  }

  /** A line beside the document. */
  say(message: object): void {
    this.#send(`${JSON.stringify(message)}\n`);
  }

  /** An empty line, which shows that somebody is there. */
  keepAlive(): void {
    this.#send("\n");
  }

  /** The answer to who asks to follow it. */
  watch(): Response {
    let own: ReadableStreamDefaultController<string>;
    const stream = new ReadableStream<string>({
      start: (controller) => {
        own = controller;
        this.#streams.add(controller);
        controller.enqueue(this.#line);
      },
      cancel: () => {
        this.#streams.delete(own);
      },
    });
    return new Response(stream.pipeThrough(new TextEncoderStream()));
  }

  get #line(): string {
    return `${JSON.stringify(this.#current)}\n`;
  }

  #send(text: string): void {
    for (const stream of this.#streams) stream.enqueue(text);
  }
}
