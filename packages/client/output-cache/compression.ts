/**
 * Bodies in the codings that clients take, each made once for all processes, in the background: until it is there, the body goes out
 * as it is. They are kept under the digest of the body, so that no purge has to find them and none of them can be of another body.
 */
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Cache } from "../cache/index.ts";
import { isCompressible, type Representation } from "./answer.ts";
import { acceptedCodings, type Coding } from "./http/negotiation.ts";
import { outputCacheLimits } from "./options.ts";
import type { Page } from "./page.ts";
import type { Route } from "./route.ts";

const brotliAsync = promisify(brotliCompress);
const gzipAsync = promisify(gzip);

/** Made once and sent often; beyond this, Brotli takes ten times as long for a few percent. */
const brotliQuality = 9;

export class Compression {
  readonly #cache: Cache;
  readonly #aboveBytes: number;
  readonly #making = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(cache: Cache, aboveBytes: number) {
    this.#cache = cache;
    this.#aboveBytes = aboveBytes;
  }

  async representation(page: Page, acceptEncoding: string | undefined, route: Route): Promise<Representation> {
    const identity: Representation = { coding: "identity", body: page.body };
    if (acceptEncoding === undefined || page.body.length < this.#aboveBytes || !isCompressible(page.headers))
      return identity;
    const [coding = "identity"] = acceptedCodings(acceptEncoding);
    if (coding === "identity") return identity;
    const body = await this.#bodyIn(coding, page, route);
    return body === undefined ? identity : { coding, body };
  }

  async #bodyIn(coding: Coding, page: Page, route: Route): Promise<Uint8Array | undefined> {
    const key = ["coded", `${coding}-${page.digest}`];
    const name = key.join(":");
    if (this.#making.has(name)) return undefined;
    const known = this.#cache.peek<Uint8Array>(key) ?? (await this.#cache.get<Uint8Array>(key));
    if (known !== undefined && known !== null) return known;
    if (!this.#making.has(name) && this.#making.size < outputCacheLimits.compressionsMax)
      this.#make(name, { key, coding, body: page.body, route });
    return undefined;
  }

  /** One after the other: compressing must not take the processors from rendering. */
  #make(name: string, { key, coding, body, route }: { key: string[]; coding: Coding; body: Uint8Array; route: Route }) {
    this.#making.add(name);
    const options = { ttl: route.ttlMs + Math.max(route.staleWhileRevalidateMs, route.staleIfErrorMs) };
    this.#last = this.#last
      .then(() => this.#cache.getOrLoad(key, () => compressed(body, coding), options))
      .catch(() => {})
      .finally(() => this.#making.delete(name));
  }
}

function compressed(body: Uint8Array, coding: Coding): Promise<Buffer> {
  if (coding === "gzip") return gzipAsync(body);
  return brotliAsync(body, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: brotliQuality,
      [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
    },
  });
}
