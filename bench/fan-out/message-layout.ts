/**
 * The bytes of one message as a subscriber gets it. All messages of a run have one length and carry their number at one
 * place, so a subscriber counts bytes and looks at a few digits, and parses nothing. Pure.
 */
const numberDigits = 9;
const ZERO = 48;

export class MessageLayout {
  /** Of a whole message on the wire. */
  readonly bytes: number;
  readonly #numberAt: number;
  readonly #payloadBytes: number;

  constructor(channel: string, payloadBytes: number) {
    if (payloadBytes < numberDigits) throw new Error(`a payload has at least ${numberDigits} bytes`);
    // RESP2 has an array where RESP3 has a push: one byte each.
    const head = `*3\r\n$7\r\nmessage\r\n$${channel.length}\r\n${channel}\r\n$${payloadBytes}\r\n`;
    this.#numberAt = head.length;
    this.#payloadBytes = payloadBytes;
    this.bytes = head.length + payloadBytes + 2;
  }

  payload(number: number): string {
    return String(number).padStart(numberDigits, "0").padEnd(this.#payloadBytes, "x");
  }

  /** The number of the message that begins at `start`; the bytes must hold all of it. */
  numberIn(bytes: Uint8Array, start: number): number {
    let number = 0;
    const first = start + this.#numberAt;
    for (let at = first; at < first + numberDigits; at++) number = number * 10 + ((bytes[at] as number) - ZERO);
    return number;
  }
}
