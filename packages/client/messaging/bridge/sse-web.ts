/** Server-sent events as the body of a web-standard Response. */
import type { SseClient, SseSink } from "./sse-client.ts";

/** The stream's queue holds at most `bytesMax` and one batch. */
export function sseStream(
  start: (sink: SseSink) => SseClient,
  bytesMax: number,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  let onRoom = () => {};
  let onClose = () => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        start({
          get hasRoom() {
            return (controller.desiredSize ?? 0) > 0;
          },
          write: (bytes) => controller.enqueue(bytes),
          end: () => close(controller),
          listen(events) {
            ({ onRoom, onClose } = events);
          },
        });
        signal.addEventListener("abort", () => onClose(), { once: true });
        if (signal.aborted) onClose();
      },
      pull: () => onRoom(),
      cancel: () => onClose(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: bytesMax }),
  );
}

/** What a stalled client has not taken is dropped. A stream that its reader has cancelled cannot be closed any more. */
function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    if ((controller.desiredSize ?? 0) > 0) controller.close();
    else controller.error(new Error("The client takes nothing."));
  } catch {}
}
