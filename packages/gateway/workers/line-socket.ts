/** A Unix socket that carries lines. What the other side does not take waits, up to a bound past which it is closed. */
import type { Socket } from "bun";
import { noteIfInternal } from "../internal-errors.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";

export interface LineEvents {
  onLine(line: string): void;
  /** All that waited is taken. */
  onDrained(): void;
  /** Once. */
  onClosed(): void;
}

export class LineSocket {
  events: LineEvents = { onLine() {}, onDrained() {}, onClosed() {} };
  readonly #socket: Socket<LineSocket>;
  /** The beginning of a line, as it came. */
  #partial: Buffer[] = [];
  #partialBytes = 0;
  #output: Buffer[] = [];
  #outputBytes = 0;
  #isClosed = false;

  constructor(socket: Socket<LineSocket>) {
    this.#socket = socket;
  }

  get isBlocked(): boolean {
    return this.#output.length > 0;
  }

  send(line: string): void {
    if (this.#isClosed) return;
    this.#output.push(Buffer.from(`${line}\n`));
    this.#outputBytes += (this.#output.at(-1) as Buffer).length;
    if (this.#output.length === 1) this.#write();
    if (this.#outputBytes > limits.workerLineBytesMax) this.#closeForSize();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#output = [];
    this.#partial = [];
    this.#socket.end();
    this.events.onClosed();
  }

  onData(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0 && !this.#isClosed; end = bytes.indexOf(10, start)) {
      const line = Buffer.concat([...this.#partial, bytes.subarray(start, end)]).toString("utf8");
      this.#partial = [];
      this.#partialBytes = 0;
      start = end + 1;
      this.events.onLine(line);
    }
    if (start === bytes.length || this.#isClosed) return;
    this.#partial.push(Buffer.from(bytes.subarray(start)));
    this.#partialBytes += bytes.length - start;
    if (this.#partialBytes > limits.workerLineBytesMax) this.#closeForSize();
  }

  onDrain(): void {
    this.#write();
    if (!this.#isClosed && !this.isBlocked) this.events.onDrained();
  }

  #write(): void {
    while (this.#output.length > 0) {
      const bytes = this.#output[0] as Buffer;
      const written = this.#socket.write(bytes);
      if (written < 0) return this.close();
      this.#outputBytes -= written;
      if (written < bytes.length) {
        this.#output[0] = bytes.subarray(written);
        return;
      }
      this.#output.shift();
    }
  }

  #closeForSize(): void {
    counters.larder_gateway_worker_connections_closed_size_total++;
    this.close();
  }
}

/** For `Bun.listen` and `Bun.connect`; `onOpen` says what the lines of a new connection mean. */
export function lineSocketHandlers(onOpen: (lines: LineSocket) => LineEvents) {
  return {
    open(socket: Socket<LineSocket>) {
      socket.data = new LineSocket(socket);
      socket.data.events = onOpen(socket.data);
    },
    data: (socket: Socket<LineSocket>, bytes: Buffer) => socket.data.onData(bytes),
    drain: (socket: Socket<LineSocket>) => socket.data?.onDrain(),
    close: (socket: Socket<LineSocket>) => socket.data?.close(),
    error(socket: Socket<LineSocket>, error: unknown) {
      noteIfInternal(error, "worker");
      socket.data?.close();
    },
  };
}
