/** What of its replies and messages a client has not taken, and since when. The socket takes what it can at once. */
import type { Socket } from "bun";
import type { SocketOwner } from "../front/socket-owner.ts";
import { limits } from "../limits.ts";
import type { OutputTotal } from "./output-total.ts";

export class ClientOutput {
  /** That wait, here or elsewhere (`count`). */
  bytes = 0;

  readonly #socket: Socket<SocketOwner>;
  readonly #total: OutputTotal;
  #parts: Buffer[] = [];
  /** When the client last took any of it. */
  #lastTakenMs = 0;
  /** Since when there is more than a subscriber may have for long; -1 while there is not. */
  #slowSinceMs = -1;

  constructor(socket: Socket<SocketOwner>, total: OutputTotal) {
    this.#socket = socket;
    this.#total = total;
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  get parts(): number {
    return this.#parts.length;
  }

  /** Sends bytes [start, end); what the socket does not take waits, copied. False when the socket is gone. */
  send(bytes: Buffer, start: number, end: number, nowMs: number): boolean {
    let sent = 0;
    if (this.isEmpty) {
      sent = this.#socket.write(bytes, start, end - start);
      if (sent < 0) return false;
    }
    if (start + sent < end) this.#keep(Buffer.from(bytes.subarray(start + sent, end)), nowMs);
    return true;
  }

  /** As `send`, for bytes that are not changed any more: they wait uncopied. */
  sendWhole(bytes: Buffer, nowMs: number): boolean {
    let sent = 0;
    if (this.isEmpty) {
      sent = this.#socket.write(bytes);
      if (sent < 0) return false;
    }
    if (sent < bytes.length) this.#keep(sent === 0 ? bytes : bytes.subarray(sent), nowMs);
    return true;
  }

  /** Counts bytes that wait elsewhere; a negative number when they no longer do. */
  count(bytes: number, nowMs: number): void {
    if (this.bytes === 0) this.#lastTakenMs = nowMs;
    this.bytes += bytes;
    this.#total.add(bytes);
  }

  /** The socket takes more. */
  drain(nowMs: number): "empty" | "waiting" | "lost" {
    while (this.#parts.length > 0) {
      const bytes = this.#parts[0] as Buffer;
      const written = this.#socket.write(bytes, 0, bytes.length);
      if (written < 0) return "lost";
      if (written > 0) this.#lastTakenMs = nowMs;
      this.bytes -= written;
      this.#total.add(-written);
      if (written < bytes.length) {
        this.#parts[0] = bytes.subarray(written);
        return "waiting";
      }
      this.#parts.shift();
    }
    return "empty";
  }

  /** The client takes nothing of what waits for it. */
  isStalled(nowMs: number): boolean {
    return this.bytes > 0 && nowMs - this.#lastTakenMs >= limits.clientStallMs;
  }

  /** There has been more than a subscriber may have, for longer than it may. To be asked again and again. */
  isSlowSubscriber(nowMs: number): boolean {
    if (this.bytes <= limits.subscriberOutputBytesSoft) this.#slowSinceMs = -1;
    else if (this.#slowSinceMs < 0) this.#slowSinceMs = nowMs;
    return this.#slowSinceMs >= 0 && nowMs - this.#slowSinceMs >= limits.subscriberOutputSoftMs;
  }

  clear(): void {
    this.#total.add(-this.bytes);
    this.bytes = 0;
    this.#parts = [];
  }

  #keep(bytes: Buffer, nowMs: number): void {
    this.#parts.push(bytes);
    this.count(bytes.length, nowMs);
  }
}
