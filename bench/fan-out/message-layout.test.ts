import { expect, test } from "bun:test";
import { MessageLayout } from "./message-layout.ts";

const layout = new MessageLayout("news", 16);

/** What an engine sends for it. */
function message(number: number, type = "*"): string {
  return `${type}3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$16\r\n${layout.payload(number)}\r\n`;
}

test.each(["*", ">"])("the length and the number of a message of type %s", (type) => {
  const bytes = Buffer.from(message(7, type) + message(123_456_789, type));
  expect(bytes.length).toBe(2 * layout.bytes);
  expect(layout.numberIn(bytes, 0)).toBe(7);
  expect(layout.numberIn(bytes, layout.bytes)).toBe(123_456_789);
});

test("other bytes at that place are no number of a message", () => {
  const bytes = Buffer.from("-ERR something long enough to hold where a message would have its number, and more");
  expect(layout.numberIn(bytes, 0)).not.toBe(0);
});

test("a payload that cannot hold its number is refused", () => {
  expect(() => new MessageLayout("news", 8)).toThrow("at least 9");
});
