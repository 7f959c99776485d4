/**
 * A response body that follows a document: each version as one line of JSON, the newest only where the reader is slow,
 * and an empty line whenever nothing was said for `keepAliveMs`.
 */
import type { Clock } from "@larder/service";
import type { LatestDocument } from "../reconcile/latest-document.ts";

export function documentStream<T>(
  document: LatestDocument<T>,
  options: { keepAliveMs: number; clock: Clock; signal: AbortSignal; onEnd(): void },
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
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const idle = new AbortController();
      void clock.sleep(keepAliveMs, AbortSignal.any([ended.signal, idle.signal])).then(() => idle.abort());
      await document.changedFrom(sent, AbortSignal.any([ended.signal, idle.signal]));
      idle.abort();
      if (ended.signal.aborted) return controller.close();
      const changed = document.current !== sent;
      sent = document.current;
      controller.enqueue(Buffer.from(changed ? `${JSON.stringify(sent)}\n` : "\n"));
    },
    cancel: end,
  });
}
