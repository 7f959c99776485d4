import { expect, test } from "bun:test";
import { headerOf, pageHeaders } from "./header-list.ts";

test("what is of one connection is dropped, also what its Connection header names", () => {
  const headers = pageHeaders([
    ["content-type", "text/html"],
    ["connection", "close, X-Trace"],
    ["x-trace", "1"],
    ["keep-alive", "timeout=5"],
    ["transfer-encoding", "chunked"],
    ["age", "5"],
    ["content-length", "12"],
    ["link", "</a>"],
    ["link", "</b>"],
  ]);
  expect(headers.map(([name]) => name)).toEqual(["content-type", "link", "link"]);
  expect(headerOf(headers, "link")).toBe("</a>, </b>");
});
