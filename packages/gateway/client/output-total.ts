/** Reply bytes that wait in all clients of the process together, bounded: past the limit the largest client is closed. */
import { limits } from "../limits.ts";

export class OutputTotal {
  bytes = 0;
  readonly #closeLargest: () => void;

  constructor(closeLargest: () => void) {
    this.#closeLargest = closeLargest;
  }

  add(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > limits.processOutputBytesMax) this.#closeLargest();
  }
}
