/** Server-sent events over a response of `node:http`. */
import type { ServerResponse } from "node:http";
import type { SseSink } from "./sse-client.ts";

export class SseNodeSink implements SseSink {
  readonly #response: ServerResponse;
  readonly #bytesMax: number;

  constructor(response: ServerResponse, bytesMax: number) {
    this.#response = response;
    this.#bytesMax = bytesMax;
    response.socket?.setNoDelay(true);
    response.socket?.setTimeout(0);
  }

  get hasRoom(): boolean {
    return !this.#response.writableNeedDrain && this.#response.writableLength < this.#bytesMax;
  }

  write(bytes: Buffer): void {
    this.#response.write(bytes);
  }

  end(): void {
    // What a stalled client does not take would keep the response open.
    if (this.hasRoom) this.#response.end();
    else this.#response.destroy();
  }

  listen({ onRoom, onClose }: { onRoom(): void; onClose(): void }): void {
    this.#response.on("drain", onRoom);
    this.#response.on("close", onClose);
    this.#response.on("error", onClose);
  }
}
