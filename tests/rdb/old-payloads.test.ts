/**
 * Forms that no engine at hand writes any more, made by hand: today's engines load them as the values that they decode
 * to. What is made here is not made by the package's own writer, but for its ziplists.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { parseDumpPayload } from "@larder/rdb";
import { Crc64 } from "../../packages/rdb/crc64.ts";
import { ByteSpan } from "../../packages/rdb/decode/byte-span.ts";
import { ZiplistWriter } from "../../packages/rdb/encode/ziplist-writer.ts";
import { type Bytes, double, latin1, length, string } from "../../packages/rdb/rdb-bytes.ts";
import { RdbEngine, rdbEngineKinds } from "../fixture/rdb-engines.ts";
import { describeByEngine, describeDecoded } from "../fixture/value-description.ts";

function packed(bytes: Bytes): Bytes {
  return [...length(bytes.length), ...bytes];
}

function ziplist(...elements: string[]): Bytes {
  const writer = new ZiplistWriter();
  const span = new ByteSpan();
  writer.start();
  for (const element of elements) {
    span.setText(element);
    writer.add(span);
  }
  return packed([...writer.finish().view()]);
}

const long = "l".repeat(300);
const wide = "w".repeat(20_000);
const zipmapField = [3, ...latin1("one"), 1, 2, ...latin1("1--")];

const forms: Record<string, Bytes> = {
  "plain list": [1, 3, ...string("a"), ...string(""), ...string("12")],
  "plain set": [2, 2, ...string("a"), ...string("77")],
  "scores as text": [3, 3, ...string("a"), 4, ...latin1("-1.5"), ...string("b"), 254, ...string("c"), 255],
  "scores in binary": [5, 2, ...string("a"), ...double(0.1), ...string("b"), ...double(Number.NEGATIVE_INFINITY)],
  "plain hash": [4, 1, ...string("f"), ...string("v")],
  zipmap: [9, ...packed([2, ...zipmapField, 1, ...latin1("b"), 254, 44, 1, 0, 0, 0, ...latin1(long), 255])],
  "list in a ziplist": [10, ...ziplist("a", "", "12", "-77", long, wide, "z")],
  "zset in a ziplist": [12, ...ziplist("c", "-inf", "a", "1", "b", "2.5")],
  "hash in a ziplist": [13, ...ziplist("f", "1", "g", long)],
  "list of ziplists": [14, 2, ...ziplist("a", long, "b"), ...ziplist("c")],
};

/** RDB 6, but for the list of ziplists and the binary scores. */
function payloadOf(value: Bytes): Buffer {
  const body = Uint8Array.from([...value, 8, 0]);
  const payload = Buffer.alloc(body.length + 8);
  payload.set(body);
  const crc = new Crc64();
  crc.update(body, 0, body.length);
  crc.writeTo(payload, body.length);
  return payload;
}

describe.each(rdbEngineKinds)("$title", (kind) => {
  let engine: RdbEngine;

  beforeAll(async () => {
    engine = await RdbEngine.start(kind);
  });

  afterAll(() => engine.stop());

  test.each(Object.entries(forms))("%s", async (key, value) => {
    const payload = payloadOf(value);
    await engine.run([["RESTORE", key, "0", payload]]);
    const entry = parseDumpPayload(payload, { key: Buffer.from(key), expiresAtMs: null });
    expect(await describeByEngine(engine, key)).toEqual(describeDecoded(entry));
  });
});
