import { expect, test } from "bun:test";
import { collectArguments, encodeRequest, type Reply, ReplyError } from "@larder/resp";
import { anchorToNewest } from "./stream-anchor.ts";

const streams: Record<string, Reply> = {
  s: ["length", 2, "last-generated-id", "7-1", "first-entry", ["5-0", ["last-generated-id", "x"]]],
  other: ["length", 0, "last-generated-id", "3-0"],
  text: new ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value"),
};

async function anchored(line: string, database = 0): Promise<{ line: string; asked: string[] }> {
  const asked: string[] = [];
  const ask = (words: readonly (string | Buffer)[]): Promise<Reply> => {
    asked.push(words.join(" "));
    const [name, , key] = words.map(String);
    return Promise.resolve(name === "Select" ? "OK" : (streams[key as string] ?? new ReplyError("ERR no such key")));
  };
  const request = await anchorToNewest(encodeRequest(line.split(" ")), ask, database);
  return { line: collectArguments(request, 0).join(" "), asked };
}

test("the id that the stream has now, wherever the newest is meant", async () => {
  expect(await anchored("XREAD BLOCK 0 STREAMS s $", 3)).toEqual({
    line: "XREAD BLOCK 0 STREAMS s 7-1",
    asked: ["Select 3", "Xinfo STREAM s", "Select 0"],
  });
  expect((await anchored("xread count 1 block 5 streams s other s $ + 4-0")).line).toBe(
    "xread count 1 block 5 streams s other s 7-1 3-0 4-0",
  );
  expect((await anchored("XREAD BLOCK 0 STREAMS $ $")).line).toBe("XREAD BLOCK 0 STREAMS $ 0-0");
});

test("a key that is no stream any more keeps it", async () => {
  expect((await anchored("XREAD BLOCK 0 STREAMS text s $ $")).line).toBe("XREAD BLOCK 0 STREAMS text s $ 7-1");
});

test.each(["XREAD BLOCK 0 STREAMS $ 0-0", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "BLPOP $ 0"])(
  "nothing is asked for %s",
  async (line) => {
    expect(await anchored(line)).toEqual({ line, asked: [] });
  },
);
