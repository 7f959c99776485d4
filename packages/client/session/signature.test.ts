/** Signatures are those of node:crypto's HMAC, whichever way they are made. */
import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { signer } from "./signature.ts";

const key = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index * 7));
const expected = (text: string) => createHmac("sha256", key).update(text).digest("base64url");

test("texts of all lengths, also of many bytes a character, one after the other with one signer", () => {
  const sign = signer(key);
  for (const character of ["x", "é", "🍋", "\ud800"])
    for (const count of [300, 0, 149, 1, 150, 70, 55, 56, 63, 64])
      expect(sign(character.repeat(count))).toBe(expected(character.repeat(count)));
});
