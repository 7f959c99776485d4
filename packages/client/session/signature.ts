/**
 * HMAC-SHA256 (RFC 2104) of short texts. Where the runtime hashes in one call (`crypto.hash`: Node from 20.12) it is made of two such
 * calls: the objects that `createHmac` makes, and that the garbage collector has to end, cost more than the hashing.
 */
import * as crypto from "node:crypto";

export type Sign = (text: string) => string;

const blockBytes = 64;
const digestBytes = 32;
/** Of a text, in bytes; a longer one takes the way of `createHmac`. */
const textBytesMax = 448;

/** `key`: as long as a digest. A signature is in base64url. */
export function signer(key: Buffer): Sign {
  const secret = crypto.createSecretKey(key);
  const byObject: Sign = (text) => crypto.createHmac("sha256", secret).update(text).digest("base64url");
  return typeof crypto.hash === "function" ? byHashes(key, byObject) : byObject;
}

function byHashes(key: Buffer, otherwise: Sign): Sign {
  const inner = padded(key, 0x36, textBytesMax);
  const outer = padded(key, 0x5c, digestBytes);
  return (text) => {
    if (text.length * 3 > textBytesMax) return otherwise(text);
    const end = blockBytes + inner.write(text, blockBytes);
    outer.write(crypto.hash("sha256", inner.subarray(0, end), "hex"), blockBytes, "hex");
    return crypto.hash("sha256", outer, "base64url");
  };
}

/** A block of the key and the pad, with room after it. Its memory is its own, not of the pool that all buffers share. */
function padded(key: Buffer, pad: number, room: number): Buffer {
  const bytes = Buffer.alloc(blockBytes + room);
  for (let index = 0; index < blockBytes; index++) bytes[index] = (key[index] ?? 0) ^ pad;
  return bytes;
}
