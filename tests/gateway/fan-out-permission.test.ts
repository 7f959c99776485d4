/** An engine's user that may not have every channel: what the engine refuses is refused in its words, and leaves nothing. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encodeRequest } from "@larder/resp";
import { type ByteClient, connectBytes } from "../fixture/byte-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey } from "../fixture/route.ts";
import { startValkey } from "../fixture/valkey.ts";

let served: TestGateway;

async function logIn(): Promise<ByteClient> {
  const client = await connectBytes({ port: served.plainPort });
  client.send(encodeRequest(["AUTH", accessKey]));
  await client.until("+OK\r\n");
  return client;
}

async function ask(client: ByteClient, words: string[]): Promise<string> {
  client.send(encodeRequest(words));
  client.send(encodeRequest(["PING", "end"]));
  const answer = await client.until("end\r\n");
  return answer.replace(/(\*2\r\n\$4\r\npong\r\n)?\$3\r\nend\r\n$/, "");
}

const refused = "-NOPERM No permissions to access a channel\r\n";

describe.skipIf(!hasValkey)("channels that the user may not have", () => {
  beforeAll(async () => {
    const lines = ["port 0", "user default off", "user limited on >engine-password ~* resetchannels &news.* +@all"];
    served = await startGateway({}, await startValkey({ user: "limited", password: "engine-password", lines }));
  });
  afterAll(() => served.stop());

  test("are refused, alone and among others", async () => {
    const [client, other] = await Promise.all([logIn(), logIn()]);
    expect(await ask(client, ["SUBSCRIBE", "secret"])).toBe(refused);
    expect(await ask(client, ["PSUBSCRIBE", "*"])).toBe(refused);
    expect(await ask(client, ["SSUBSCRIBE", "secret"])).toBe(refused);
    expect(await ask(client, ["SUBSCRIBE", "news.a", "secret", "news.b"])).toBe(refused);
    expect(await ask(client, ["SET", "k", "v"])).toBe("+OK\r\n");
    expect(await ask(other, ["PUBSUB", "CHANNELS"])).toBe("*0\r\n");
    expect(await ask(client, ["SUBSCRIBE", "news.a"])).toBe("*3\r\n$9\r\nsubscribe\r\n$6\r\nnews.a\r\n:1\r\n");
    expect(await ask(client, ["SUBSCRIBE", "news.b", "secret"])).toBe(refused);
    expect(await ask(other, ["SUBSCRIBE", "news.a", "secret"])).toBe(refused);
    expect(await ask(other, ["PUBLISH", "news.a", "hello"])).toBe(":1\r\n");
    expect(await client.until("hello\r\n")).toEndWith("$6\r\nnews.a\r\n$5\r\nhello\r\n");
    expect(await ask(other, ["PUBLISH", "news.b", "nobody"])).toBe(":0\r\n");
    expect(await ask(client, ["SUBSCRIBE"])).toBe("-ERR wrong number of arguments for 'subscribe' command\r\n");
    for (const each of [client, other]) each.close();
  });
});
