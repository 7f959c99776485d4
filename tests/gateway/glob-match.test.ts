/** Our matching of patterns against the engine's own, on patterns made at random. LARDER_SEED=… replays a failure. */
import { describe, expect, test } from "bun:test";
import { encodeRequest } from "@larder/resp";
import { matchesGlob } from "../../packages/gateway/subscriptions/glob-match.ts";
import { connectBytes } from "../fixture/byte-client.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { startValkey } from "../fixture/valkey.ts";

const random = randomFrom(testSeed);

function textOf(alphabet: string, longest: number): string {
  return Array.from({ length: random(longest + 1) }, () => alphabet[random(alphabet.length)]).join("");
}

describe.skipIf(!hasValkey)(`patterns (LARDER_SEED=${testSeed})`, () => {
  test("match the channels that the engine matches", async () => {
    const engine = await startValkey();
    const address = { unix: engine.socketPath };
    const [subscriber, publisher] = await Promise.all([connectBytes(address), connectBytes(address)]);
    for (const client of [subscriber, publisher]) {
      client.send(encodeRequest(["AUTH", engine.user, engine.password]));
      await client.until("+OK\r\n");
    }
    for (let round = 0; round < 300; round++) {
      const pattern = textOf("aab*?[]^-\\\xf0", 8);
      const channels = Array.from({ length: 20 }, () => textOf("aab-]^\\*[\xf0\x10", 5));
      subscriber.send(encodeRequest(["PSUBSCRIBE", Buffer.from(pattern, "latin1")]));
      await subscriber.until(":1\r\n");
      const publish = channels.map((channel) => encodeRequest(["PUBLISH", Buffer.from(channel, "latin1"), "x"]));
      publisher.send(Buffer.concat([...publish, encodeRequest(["ECHO", "done"])]));
      const counts = (await publisher.until("done\r\n")).match(/(?<=^|\n):\d/g) ?? [];
      for (const [index, channel] of channels.entries())
        expect([pattern, channel, matchesGlob(pattern, channel)]).toEqual([pattern, channel, counts[index] === ":1"]);
      subscriber.send(encodeRequest(["PUNSUBSCRIBE"]));
      await subscriber.until(":0\r\n");
    }
    for (const client of [subscriber, publisher]) client.close();
    await engine.stop();
  }, 20_000);
});
