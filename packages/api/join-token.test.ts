import { expect, test } from "bun:test";
import { LarderError } from "./errors.ts";
import { formatJoinToken, parseJoinToken } from "./join-token.ts";

const secret = new Uint8Array(32).fill(1);
const pin = new Uint8Array(32).fill(2);

test("what is written is read, with a line's end around it", () => {
  const token = formatJoinToken({ secret, pin });
  expect(token).toMatch(/^larder-join\.[\w-]{43}\.[\w-]{43}$/);
  const texts = { secret: Buffer.from(secret).toString("base64url"), pin: Buffer.from(pin).toString("base64url") };
  expect(parseJoinToken(` ${token}\n`)).toEqual(texts);
});

test("anything else is refused, and not repeated", () => {
  const token = formatJoinToken({ secret, pin });
  for (const text of ["", "larder-join", token.slice(1), token.slice(0, -1), `${token}x`, `${token}\n${token}`]) {
    const read = () => parseJoinToken(text);
    expect(read).toThrow(LarderError);
    expect(read).not.toThrow(token.slice(5, 60));
  }
});
