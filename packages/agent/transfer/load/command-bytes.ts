/** Requests as bytes, one behind another, in pieces that go out as they are. Nothing is made for a small command. */
const pieceBytes = 256 * 1024;
/** Copied byte by byte; longer ones in one go, which first costs a view. */
const shortBytes = 48;
const crlf = 0x0a0d;

export class CommandBytes {
  readonly #send: (piece: Uint8Array) => void;
  #piece = Buffer.allocUnsafeSlow(pieceBytes);
  #end = 0;

  /** A piece is the receiver's own. */
  constructor(send: (piece: Uint8Array) => void) {
    this.#send = send;
  }

  begin(words: number): void {
    this.#line(42, words);
  }

  word(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const length = end - start;
    this.#line(36, length);
    this.#append(bytes, start, end);
    this.#lineEnd();
  }

  /** A word that is written in place: `write` gets where, and fills all of it. */
  wordInPlace(length: number, write: (into: Uint8Array, at: number) => void): void {
    this.#line(36, length);
    if (length > pieceBytes) {
      this.flush();
      const own = Buffer.allocUnsafeSlow(length);
      write(own, 0);
      this.#send(own);
    } else {
      this.#reserve(length);
      write(this.#piece, this.#end);
      this.#end += length;
    }
    this.#lineEnd();
  }

  /** Sends what there is. */
  flush(): void {
    if (this.#end === 0) return;
    this.#send(this.#piece.subarray(0, this.#end));
    this.#piece = Buffer.allocUnsafeSlow(pieceBytes);
    this.#end = 0;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > pieceBytes) {
      this.flush();
      this.#send(bytes.slice(start, end));
      return;
    }
    this.#reserve(length);
    if (length > shortBytes) this.#piece.set(bytes.subarray(start, end), this.#end);
    else for (let index = 0; index < length; index++) this.#piece[this.#end + index] = bytes[start + index] as number;
    this.#end += length;
  }

  /** "*3" or "$7", with its end. */
  #line(type: number, value: number): void {
    this.#reserve(24);
    this.#piece[this.#end++] = type;
    let digits = 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
    let rest = value;
    for (let at = this.#end + digits - 1; at >= this.#end; at--) {
      this.#piece[at] = 48 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.#end += digits;
    this.#lineEnd();
  }

  #lineEnd(): void {
    this.#reserve(2);
    this.#piece.writeUInt16LE(crlf, this.#end);
    this.#end += 2;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes > pieceBytes) this.flush();
  }
}
