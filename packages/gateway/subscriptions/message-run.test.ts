import { expect, test } from "bun:test";
import { MessageRun } from "./message-run.ts";

const message = (payload: string) => `>3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$${payload.length}\r\n${payload}\r\n`;

test("messages from several reads become one buffer for each protocol", () => {
  const one = Buffer.from(`..${message("a>3\r\n")}${message("b")}`);
  const two = Buffer.from(message("c"));
  const run = new MessageRun();
  run.append(one, 2, 2 + message("a>3\r\n").length);
  run.append(one, 2 + message("a>3\r\n").length, one.length);
  run.append(two, 0, two.length);
  const expected = message("a>3\r\n") + message("b") + message("c");
  expect(run.byteCount).toBe(expected.length);
  expect(run.bytesFor(3).toString()).toBe(expected);
  expect(run.bytesFor(2).toString()).toBe(expected.replaceAll(">3\r\n$7", "*3\r\n$7"));
  expect(run.bytesFor(2)).toBe(run.bytesFor(2));
  expect(one.toString()).toStartWith("..>3");
});
