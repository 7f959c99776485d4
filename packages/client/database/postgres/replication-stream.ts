/**
 * What goes over a replication connection once it has begun: the server's data and keep-alives, and what is confirmed to it.
 * Source: PostgreSQL 15, "Streaming Replication Protocol". Pure.
 */
import { MalformedMessage, unixUs } from "./pgoutput.ts";

export type StreamMessage =
  /** One message of the output plugin. */
  | { kind: "data"; sentUs: bigint; bytes: Buffer }
  /** Everything before `endLsn` was sent. `wantsReply`: the connection is closed soon unless a status comes. */
  | { kind: "keep-alive"; endLsn: bigint; sentUs: bigint; wantsReply: boolean };

export function decodeStreamMessage(bytes: Buffer): StreamMessage {
  if (bytes[0] === 0x77 && bytes.length >= 25)
    return { kind: "data", sentUs: unixUs(bytes.readBigInt64BE(17)), bytes: bytes.subarray(25) };
  if (bytes[0] === 0x6b && bytes.length === 18)
    return {
      kind: "keep-alive",
      endLsn: bytes.readBigUInt64BE(1),
      sentUs: unixUs(bytes.readBigInt64BE(9)),
      wantsReply: bytes[17] === 1,
    };
  throw new MalformedMessage("neither data nor a keep-alive");
}

/** Everything before `lsn` is done with. The time in it is of no use to the server, and left at zero. */
export function encodeStatus(lsn: bigint, wantsReply: boolean): Buffer {
  const status = Buffer.alloc(34);
  status[0] = 0x72;
  for (const at of [1, 9, 17]) status.writeBigUInt64BE(lsn, at);
  status[33] = wantsReply ? 1 : 0;
  return status;
}

/** As PostgreSQL writes it: "16/B374D848". */
export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffff_ffffn).toString(16)}`.toUpperCase();
}

export function parseLsn(text: string): bigint {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text) ?? [];
  if (high === undefined || low === undefined) throw new TypeError(`no position of PostgreSQL: ${text}`);
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
