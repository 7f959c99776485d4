/**
 * A response body that follows a document: each version as one line of JSON, the newest only where the reader is slow,
 * and an empty line whenever nothing was said for `keepAliveMs`. Whoever opens it may say more on it: such messages are
 * sent at once, each one, and never before a version that was there first.
 */
import type { Clock } from "@larder/service";
import type { LatestDocument } from "../reconcile/latest-document.ts";

export interface DocumentStreamOptions<T> {
  /** What is said of a version to a reader who has another; else the whole version. */
  changes?(from: T, to: T): object;
  keepAliveMs: number;
  clock: Clock;
  signal: AbortSignal;
  /** `say` does nothing once the stream has ended. */
  onOpen?(say: (message: object) => void): void;
  onEnd(): void;
}

export function documentStream<T>(
  document: LatestDocument<T>,
  options: DocumentStreamOptions<T>,
): ReadableStream<Uint8Array> {
  const { keepAliveMs, clock } = options;
  const ended = new AbortController();
  const end = () => {
    if (ended.signal.aborted) return;
    ended.abort();
    options.onEnd();
  };
  options.signal.addEventListener("abort", end, { once: true });
  let sent: T | undefined;
  const sendNewest = (stream: ReadableStreamDefaultController<Uint8Array>): boolean => {
    const { current } = document;
    if (current === undefined || current === sent) return false;
    stream.enqueue(line(sent === undefined ? current : (options.changes?.(sent, current) ?? current)));
    sent = current;
    return true;
  };
  return new ReadableStream<Uint8Array>({
    start(stream) {
      options.onOpen?.((message) => {
        if (ended.signal.aborted) return;
        sendNewest(stream);
        stream.enqueue(line(message));
      });
    },
    async pull(stream) {
      const idle = new AbortController();
      void clock.sleep(keepAliveMs, AbortSignal.any([ended.signal, idle.signal])).then(() => idle.abort());
      await document.changedFrom(sent, AbortSignal.any([ended.signal, idle.signal]));
      idle.abort();
      if (ended.signal.aborted) return stream.close();
      if (!sendNewest(stream)) stream.enqueue(Buffer.from("\n"));
    },
    cancel: end,
  });
}

function line(message: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(message)}\n`);
}
