/** Counts very many, or very large, replies as they come, and keeps none but the last. */
import type { Socket } from "node:net";
import { decodeReply, encodeRequest, type Reply, ReplyScanner } from "@larder/resp";
import { type Address, openSocket } from "../fixture/raw-client.ts";
import { accessKey } from "../fixture/route.ts";

/** A last reply with a longer piece is not kept. */
const keptBytesMax = 1024;

export class ReplyStream {
  count = 0;
  /** Of everything that came. */
  bytes = 0;
  /** Sees every piece. */
  onBytes: (piece: Buffer) => void = () => {};
  readonly socket: Socket;
  readonly #scanner = new ReplyScanner(1 << 30);
  /** null: it was too long. */
  #last: Buffer[] | null = [];
  #wake = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (piece: Buffer) => this.#take(piece));
    socket.on("close", () => this.#wake());
  }

  static async open(address: Address): Promise<ReplyStream> {
    const { socket, ready } = openSocket(address);
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once(ready, resolve));
    const stream = new ReplyStream(socket);
    socket.write(encodeRequest(["AUTH", accessKey]));
    await stream.until(1);
    return stream;
  }

  /** Resolves once so many replies have come in all, with the last; rejects when the connection ends first. */
  async until(count: number): Promise<Reply> {
    while (this.count < count) {
      if (this.socket.destroyed) throw new Error(`ended after ${this.count} of ${count} replies`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#last === null ? null : (decodeReply(Buffer.concat(this.#last), 0)?.value ?? null);
  }

  /** Resolves when the bytes may be followed by more. */
  async write(bytes: Uint8Array | string): Promise<void> {
    if (!this.socket.write(bytes)) await new Promise((resolve) => this.socket.once("drain", resolve));
  }

  close(): void {
    this.socket.destroy();
  }

  #take(piece: Buffer): void {
    this.bytes += piece.length;
    this.onBytes(piece);
    for (let position = 0; position < piece.length; ) {
      if (!this.#scanner.isInside) this.#last = [];
      const end = this.#scanner.next(piece, position, piece.length);
      if (this.#scanner.malformed) return this.close();
      if (end - position > keptBytesMax) this.#last = null;
      else this.#last?.push(Buffer.from(piece.subarray(position, end)));
      position = end;
      if (this.#scanner.complete) this.count++;
    }
    this.#wake();
  }
}
