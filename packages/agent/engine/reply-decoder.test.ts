import { expect, test } from "bun:test";
import { EngineRefusal, type Reply, ReplyDecoder } from "./reply-decoder.ts";

const bytes = Buffer.from(
  "+OK\r\n-ERR no\r\n:42\r\n$6\r\nh\r\nhé\r\n$-1\r\n*2\r\n$1\r\na\r\n*1\r\n:-1\r\n*-1\r\n$0\r\n\r\n",
);
const replies: Reply[] = ["OK", new EngineRefusal("ERR no"), 42, "h\r\nhé", null, ["a", [-1]], null, ""];

test("decodes every kind of reply, split at every byte", () => {
  for (let split = 0; split <= bytes.length; split++) {
    const decoder = new ReplyDecoder();
    expect([...decoder.push(bytes.subarray(0, split)), ...decoder.push(bytes.subarray(split))]).toEqual(replies);
  }
});

test("refuses what is not RESP2", () => {
  expect(() => new ReplyDecoder().push(Buffer.from("HTTP/1.1 200 OK\r\n"))).toThrow("not a RESP2 reply");
});
