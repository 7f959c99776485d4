/** RDB files piece by piece, for tests: written down apart from the reader, so that neither can hide the other's mistake. */
import { Crc64 } from "./crc64.ts";
import { Opcode } from "./opcodes.ts";

export type Bytes = readonly number[];

export function latin1(text: string): Bytes {
  return [...Buffer.from(text, "latin1")];
}

/** In the shortest form. */
export function length(value: number): Bytes {
  if (value < 1 << 6) return [value];
  if (value < 1 << 14) return [0x40 | (value >> 8), value & 0xff];
  if (value < 2 ** 32) return [0x80, ...bigEndian(BigInt(value), 4)];
  return [0x81, ...bigEndian(BigInt(value), 8)];
}

export function length64(value: bigint): Bytes {
  return [0x81, ...bigEndian(value, 8)];
}

export function string(text: string): Bytes {
  return [...length(Buffer.byteLength(text, "latin1")), ...latin1(text)];
}

export function compressed(bytes: Bytes, into: number): Bytes {
  return [0xc3, ...length(bytes.length), ...length(into), ...bytes];
}

export function milliseconds(value: bigint): Bytes {
  return bigEndian(BigInt.asUintN(64, value), 8).toReversed();
}

export function double(value: number): Bytes {
  return [...new Uint8Array(new Float64Array([value]).buffer)];
}

export function streamId(ms: bigint, sequence: bigint): Bytes {
  return [...bigEndian(ms, 8), ...bigEndian(sequence, 8)];
}

/** Head, pieces, the end's opcode, and the checksum over it all. */
export function file(head: string, ...pieces: Bytes[]): Uint8Array {
  const body = Uint8Array.from([...latin1(head), ...pieces.flat(), Opcode.end]);
  const bytes = new Uint8Array(body.length + 8);
  bytes.set(body);
  const crc = new Crc64();
  crc.update(body, 0, body.length);
  crc.writeTo(bytes, body.length);
  return bytes;
}

export function entry(typeByte: number, key: string, value: Bytes): Bytes {
  return [typeByte, ...string(key), ...value];
}

function bigEndian(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, index) => Number((value >> BigInt(8 * (size - 1 - index))) & 0xffn));
}
