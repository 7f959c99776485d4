/** Values between the two forms that they have: bytes in the server, and what a caller gets. */
import type { Randomness } from "../../randomness.ts";
import type { Events } from "../events.ts";
import { deeplyFrozen } from "../frozen.ts";
import type { Found, Request } from "../request.ts";
import type { Serializer } from "../serializer.ts";
import type { VersionSet } from "../versions/version-set.ts";
import { type Told, type Versions, VersionsUnknown, versionNames } from "../versions/versions.ts";
import { packed, unpacked } from "./codec.ts";
import { type EnvelopeView, encodeEnvelope, sectionOf, tagsAndTokens, viewEnvelope } from "./envelope.ts";

/** What stood in the server: `seen` are its bytes, also where they do not count. */
export interface Read {
  seen: Buffer;
  found: Found | null;
}

export const nothingRead: Read = { seen: Buffer.alloc(0), found: null };

export interface Written {
  value: unknown;
  payload: Buffer;
  isNull: boolean;
}

export interface Stamp {
  storedAtMs: number;
  freshUntilMs: number;
  tags: readonly string[];
  tokens: readonly string[];
}

export interface StoredParts {
  serializer: Serializer;
  compressAboveBytes: number;
  randomness: Randomness;
  events: Events;
  versions: Versions;
}

export class Stored {
  readonly #parts: StoredParts;

  constructor(parts: StoredParts) {
    this.#parts = parts;
  }

  /**
   * What counts of the bytes. What cannot be read is trouble and no error; rejects when the versions could not be asked. Synchronous in most
   * cases, as promises are most of what a hit costs here.
   */
  open(request: Request, bytes: Buffer | null, told?: Told): Read | Promise<Read> {
    if (bytes === null) return nothingRead;
    const seen = bytes;
    try {
      const view = viewEnvelope(bytes);
      const set = view && this.#versionsOf(request, bytes, view);
      if (view === null || set === null) throw new Error("These bytes are no value of a cache.");
      const isCurrent = this.#parts.versions.isCurrent(set, told);
      const unpacked = isCurrent === true ? this.#unpacked(bytes, view) : undefined;
      if (isCurrent === false) return { seen, found: null };
      if (isCurrent !== true || unpacked instanceof Promise)
        return this.#openLater(request, { bytes, view, set, seen, isCurrent, unpacked });
      return { seen, found: foundOf(unpacked, { bytes, view, set }) };
    } catch (error) {
      return this.#unreadable(request, seen, error);
    }
  }

  /** As everybody will get it: serialised and back, and frozen. Throws what the serializer does. */
  written(value: unknown): Written {
    if (value === null) return { value, payload: Buffer.alloc(0), isNull: true };
    const payload = this.#parts.serializer.encode(value);
    return { value: deeplyFrozen(this.#parts.serializer.decode(payload)), payload, isNull: false };
  }

  async envelope(written: Written, stamp: Stamp): Promise<Buffer> {
    const { serializer, randomness, compressAboveBytes } = this.#parts;
    const { bytes, isCompressed } = await packed(written.payload, compressAboveBytes);
    const fillId = randomness.bytes(8);
    return encodeEnvelope({
      ...stamp,
      serializerId: serializer.id,
      isCompressed,
      isNull: written.isNull,
      fillId,
      payload: bytes,
    });
  }

  #versionsOf(request: Request, bytes: Buffer, view: EnvelopeView): VersionSet | null {
    return this.#parts.versions.setOf(sectionOf(bytes, view), () => {
      const parsed = tagsAndTokens(bytes, view);
      return parsed && { names: versionNames(request.text, parsed.tags), tokens: parsed.tokens };
    });
  }

  #unpacked(bytes: Buffer, view: EnvelopeView): unknown {
    return unpacked(bytes, view, this.#parts.serializer);
  }

  /** The server has to be asked for versions, or another thread decompresses. */
  async #openLater(request: Request, opening: Opening): Promise<Read> {
    const { bytes, view, seen } = opening;
    try {
      if (!(await opening.isCurrent)) return { seen, found: null };
      const value = await (opening.unpacked ?? this.#unpacked(bytes, view));
      return { seen, found: foundOf(value, opening) };
    } catch (error) {
      if (error instanceof VersionsUnknown) throw error;
      return this.#unreadable(request, seen, error);
    }
  }

  #unreadable(request: Request, seen: Buffer, error: unknown): Read {
    this.#parts.events.trouble({ what: "value", key: request.text, error });
    return { seen, found: null };
  }
}

interface Opened {
  bytes: Buffer;
  view: EnvelopeView;
  set: VersionSet;
}

interface Opening extends Opened {
  seen: Buffer;
  isCurrent: boolean | Promise<boolean>;
  unpacked: unknown;
}

function foundOf(unpacked: unknown, { bytes, view, set }: Opened): Found {
  const value = deeplyFrozen(unpacked);
  if (value === undefined) throw new Error("The value is undefined, which is never stored.");
  const { storedAtMs, freshUntilMs } = view;
  return { value, valueBytes: bytes.length, storedAtMs, freshUntilMs, versions: set };
}
