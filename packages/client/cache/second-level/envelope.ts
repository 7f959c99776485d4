/**
 * A value as it is in the server. Big-endian:
 *
 *   0   1  magic 0xCA        12  8  stored at, the server's milliseconds (double)
 *   1   1  format 1          20  8  fresh until, the same
 *   2   1  serializer        28  4  bytes of the payload
 *   3   1  flags             32  1  versions of the namespace and of prefixes (n)
 *   4   8  fill id           33  1  tags (m)
 *                            34     m × (2 bytes of length, name), (n + m) × 24 bytes of token, payload
 *
 * The first twelve bytes are its identity: a fill replaces only the value that it has seen. `fresh until` stands at a fixed place, so that a script
 * can end it. Whatever else is found is no value: null, never an error.
 */
export const envelopeFormat = { identityBytes: 12, freshUntilAt: 20, tokenBytes: 24 } as const;

const magic = 0xca;
const format = 1;
const headBytes = 34;
const compressedFlag = 1;
const nullFlag = 2;

export interface Envelope {
  serializerId: number;
  isCompressed: boolean;
  /** "There is none", remembered. The payload is empty. */
  isNull: boolean;
  /** 8 random bytes. */
  fillId: Buffer;
  storedAtMs: number;
  freshUntilMs: number;
  tags: readonly string[];
  /** Of the namespace, of prefixes and of tags, in this order. */
  tokens: readonly string[];
  payload: Buffer;
}

export function encodeEnvelope(envelope: Envelope): Buffer {
  const { tags, tokens, payload } = envelope;
  const tagBytes = tags.reduce((sum, tag) => sum + 2 + Buffer.byteLength(tag), 0);
  const bytes = Buffer.allocUnsafe(headBytes + tagBytes + tokens.length * envelopeFormat.tokenBytes + payload.length);
  bytes[0] = magic;
  bytes[1] = format;
  bytes[2] = envelope.serializerId;
  bytes[3] = (envelope.isCompressed ? compressedFlag : 0) | (envelope.isNull ? nullFlag : 0);
  envelope.fillId.copy(bytes, 4, 0, 8);
  bytes.writeDoubleBE(envelope.storedAtMs, 12);
  bytes.writeDoubleBE(envelope.freshUntilMs, envelopeFormat.freshUntilAt);
  bytes.writeUInt32BE(payload.length, 28);
  bytes[32] = tokens.length - tags.length;
  bytes[33] = tags.length;
  let at = headBytes;
  for (const tag of tags) {
    const length = bytes.write(tag, at + 2);
    bytes.writeUInt16BE(length, at);
    at += 2 + length;
  }
  for (const token of tokens) at += bytes.write(token, at, "latin1");
  payload.copy(bytes, at);
  return bytes;
}

/** What is needed of nearly every hit; tags and tokens are parsed only where their section was not met before. */
export interface EnvelopeView {
  serializerId: number;
  isCompressed: boolean;
  isNull: boolean;
  storedAtMs: number;
  freshUntilMs: number;
  /** Where the tags and the tokens stand; the payload is behind. */
  sectionEnd: number;
}

/** null: it is none, or was cut or written by another format. */
export function viewEnvelope(bytes: Buffer): EnvelopeView | null {
  if (bytes.length < headBytes || bytes[0] !== magic || bytes[1] !== format) return null;
  const sectionEnd = bytes.length - bytes.readUInt32BE(28);
  const fewestBytes = headBytes + (bytes[33] as number) * 2 + tokenCount(bytes) * envelopeFormat.tokenBytes;
  if (sectionEnd < fewestBytes) return null;
  const flags = bytes[3] as number;
  return {
    serializerId: bytes[2] as number,
    isCompressed: (flags & compressedFlag) !== 0,
    isNull: (flags & nullFlag) !== 0,
    storedAtMs: bytes.readDoubleBE(12),
    freshUntilMs: bytes.readDoubleBE(envelopeFormat.freshUntilAt),
    sectionEnd,
  };
}

/** The same for values that depend on the same versions, and for no others. */
export function sectionOf(bytes: Buffer, { sectionEnd }: EnvelopeView): string {
  return bytes.toString("latin1", headBytes - 2, sectionEnd);
}

/** null: the section is not what its counts say. */
export function tagsAndTokens(
  bytes: Buffer,
  { sectionEnd }: EnvelopeView,
): { tags: string[]; tokens: string[] } | null {
  const tags: string[] = [];
  let at = headBytes;
  for (let tag = 0; tag < (bytes[33] as number); tag++) {
    if (at + 2 > sectionEnd) return null;
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > sectionEnd) return null;
    tags.push(bytes.toString("utf8", at + 2, end));
    at = end;
  }
  if (at + tokenCount(bytes) * envelopeFormat.tokenBytes !== sectionEnd) return null;
  const tokens: string[] = [];
  for (; at < sectionEnd; at += envelopeFormat.tokenBytes)
    tokens.push(bytes.toString("latin1", at, at + envelopeFormat.tokenBytes));
  return { tags, tokens };
}

export function identityOf(bytes: Buffer): Buffer {
  return bytes.subarray(0, envelopeFormat.identityBytes);
}

function tokenCount(bytes: Buffer): number {
  return (bytes[32] as number) + (bytes[33] as number);
}
