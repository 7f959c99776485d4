/** Values as the payload of an envelope: serialised, and compressed where they are long. Throws on what cannot be read. */
import { promisify } from "node:util";
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from "node:zlib";
import type { Serializer } from "../serializer.ts";
import type { EnvelopeView } from "./envelope.ts";

/** Shorter ones take less time here than on the way to another thread. */
const inThisThreadBytesMax = 64 * 1024;

const compress = promisify(deflateRaw);
const decompress = promisify<Buffer, Buffer>(inflateRaw);

export interface Payload {
  bytes: Buffer;
  isCompressed: boolean;
}

export function packed(bytes: Buffer, compressAboveBytes: number): Payload | Promise<Payload> {
  if (bytes.length <= compressAboveBytes) return { bytes, isCompressed: false };
  if (bytes.length <= inThisThreadBytesMax) return shorterOf(bytes, deflateRawSync(bytes));
  return compress(bytes).then((compressed) => shorterOf(bytes, compressed as Buffer));
}

function shorterOf(bytes: Buffer, compressed: Buffer): Payload {
  return compressed.length < bytes.length ? { bytes: compressed, isCompressed: true } : { bytes, isCompressed: false };
}

/** Synchronous unless it is compressed and long. */
export function unpacked(bytes: Buffer, view: EnvelopeView, serializer: Serializer): unknown {
  if (view.isNull) return null;
  if (view.serializerId !== serializer.id) throw new Error(`The value is of serializer ${view.serializerId}.`);
  const payload = bytes.subarray(view.sectionEnd);
  if (!view.isCompressed) return serializer.decode(payload);
  if (payload.length <= inThisThreadBytesMax) return serializer.decode(inflateRawSync(payload));
  return decompress(payload).then((inflated) => serializer.decode(inflated));
}
