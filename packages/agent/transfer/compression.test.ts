import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { gunzipIfCompressed } from "./compression.ts";

const content = Buffer.concat([Buffer.from("content ".repeat(5_000)), Buffer.alloc(200_000), Buffer.from("end")]);

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpacked(bytes: Buffer, size: number): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(gunzipIfCompressed(pieces(bytes, size), "shop.rdb.gz")));
}

// As in a page blob, whose size is a multiple of 512 bytes, or was given before its content was known.
test.each([0, 1, 100, 511, 5_000, 1_000_000])("a compressed file with %d zero bytes behind it", async (zeroes) => {
  const isStored = [content, Buffer.alloc(300_000)].map((bytes) => [bytes, gzipSync(bytes, { level: 0 })] as const);
  for (const [bytes, packed] of [[content, gzipSync(content)] as const, ...isStored])
    for (const size of [100, 1_000, 64 * 1024]) {
      const found = await unpacked(Buffer.concat([packed, Buffer.alloc(zeroes)]), size);
      expect(found.equals(bytes)).toBe(true);
    }
});

test("a compressed file that ends too early is bad, also where zero bytes take its end's place", async () => {
  const packed = gzipSync(content);
  const cut = packed.subarray(0, packed.length - 20);
  for (const bytes of [cut, Buffer.concat([cut, Buffer.alloc(512)])])
    await expect(unpacked(bytes, 1_000)).rejects.toMatchObject({ code: "BadFile" });
});
