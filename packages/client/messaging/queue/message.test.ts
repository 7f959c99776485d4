import { expect, test } from "bun:test";
import { decodeMessage, encodeMessage } from "./message.ts";

test("a message is read as it was written", () => {
  const written = encodeMessage({ id: "a-1", level: 2, key: 'kä"\ny' }, JSON.stringify({ text: "line\nfeed" }));
  expect(decodeMessage(`{"t":5,${written}`)).toEqual({
    header: { t: 5, i: "a-1", l: 2, k: 'kä"\ny' },
    payload: { text: "line\nfeed" },
  });
});

test.each([
  "",
  "\n",
  "{}\n1",
  "null\n1",
  '{"i":"a"}\n1',
  '{"t":1,"i":"a","a":"x"}\n1',
  '{"t":1,"i":"a","k":7}\n1',
  '{"t":1,"i":"a"}',
  '{"t":1,"i":"a"}\n',
  '{"t":1,"i":"a"}\n{',
])("%j is none", (bytes) => {
  expect(() => decodeMessage(bytes)).toThrow(SyntaxError);
});
