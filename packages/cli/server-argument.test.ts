import { expect, test } from "bun:test";
import { parseServerArgument } from "./server-argument.ts";

test("a server, with and without what has a default", () => {
  const { server, database, hasTypedPassword } = parseServerArgument("redis://old.example");
  expect(server).toMatchObject({ topology: "auto", addresses: [{ host: "old.example", port: 6_379 }], tls: null });
  expect([database, hasTypedPassword, server.username, server.password]).toEqual([null, false, null, null]);
  const full = parseServerArgument("rediss://mover:p%40ss@[::1]:7000/3");
  expect(full.server).toMatchObject({ addresses: [{ host: "::1", port: 7_000 }], username: "mover", password: "p@ss" });
  expect(full.server.tls).toMatchObject({ isVerified: true });
  expect([full.database, full.hasTypedPassword]).toEqual([3, true]);
});

test("Sentinels and clusters", () => {
  expect(parseServerArgument("redis+sentinel://a,b:26380/shop").server).toMatchObject({
    topology: "sentinel",
    sentinelName: "shop",
    addresses: [
      { host: "a", port: 26_379 },
      { host: "b", port: 26_380 },
    ],
  });
  expect(parseServerArgument("redis://a:1,b:2").server.topology).toBe("cluster");
  expect(parseServerArgument("redis+cluster://a").server.topology).toBe("cluster");
});

test.each([
  "old:6379",
  "http://old",
  "redis://",
  "redis://a b",
  "redis+sentinel://a",
  "redis://a/x",
  "redis://:secret@a b",
  "redis://:secret%@a",
])("%s is refused, and no password repeated", (text) => {
  expect(() => parseServerArgument(text)).toThrow(/\.$/);
  expect(() => parseServerArgument(text)).not.toThrow(/secret/);
});
