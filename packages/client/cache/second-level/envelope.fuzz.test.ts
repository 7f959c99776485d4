import { expect, test } from "bun:test";
import { type Envelope, encodeEnvelope, identityOf, tagsAndTokens, viewEnvelope } from "./envelope.ts";

const token = (name: string) => name.padEnd(24, ".");
const envelope: Envelope = {
  serializerId: 1,
  isCompressed: false,
  isNull: false,
  fillId: Buffer.from("12345678"),
  storedAtMs: 1_700_000_000_000.5,
  freshUntilMs: 1_700_000_060_000,
  tags: ["catalog", "größe 🏃"],
  tokens: ["root", "prefix", "catalog", "size"].map(token),
  payload: Buffer.from('{"a":1}'),
};

const seed = Number(process.env["LARDER_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
let state = seed;
const random = (below: number) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

test("comes back as it was", () => {
  const bytes = encodeEnvelope(envelope);
  const view = viewEnvelope(bytes);
  if (view === null) throw new Error("no view");
  expect(view).toMatchObject({ serializerId: 1, isCompressed: false, isNull: false });
  expect([view.storedAtMs, view.freshUntilMs]).toEqual([envelope.storedAtMs, envelope.freshUntilMs]);
  expect(tagsAndTokens(bytes, view)).toEqual({ tags: [...envelope.tags], tokens: [...envelope.tokens] });
  expect(bytes.subarray(view.sectionEnd)).toEqual(envelope.payload);
  expect(identityOf(bytes).subarray(4)).toEqual(envelope.fillId);
});

test("every cut is no envelope", () => {
  const bytes = encodeEnvelope(envelope);
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    const view = viewEnvelope(cut);
    if (view !== null) expect(tagsAndTokens(cut, view)).toBe(null);
  }
});

test(`whatever the bytes are, nothing throws (seed ${seed})`, () => {
  const good = encodeEnvelope(envelope);
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(good);
    for (let flips = random(6); flips >= 0; flips--) bytes[random(bytes.length)] = random(256);
    const cut = bytes.subarray(0, random(3) === 0 ? random(bytes.length) : undefined);
    const view = viewEnvelope(cut);
    if (view !== null) tagsAndTokens(cut, view);
  }
});
