/**
 * Hostile clients in great number, and honest ones beside them: a hostile client costs itself its connection and nobody
 * anything else, and leaves nothing behind. LARDER_SEED=… replays a failure, LARDER_FUZZ_CLIENTS=… makes it longer.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { encodeRequest } from "@larder/resp";
import { CommandClient } from "../fixture/command-client.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { HonestClient } from "../fixture/honest-client.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { type Address, connectRaw } from "../fixture/raw-client.ts";
import { accessKey } from "../fixture/route.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { until } from "../fixture/until.ts";
import { EngineView } from "./engine-view.ts";
import { malicious, runHostileClient } from "./hostile-client.ts";

const hostileClients = Number(process.env.LARDER_FUZZ_CLIENTS ?? 600);
const atOnce = 12;
/** Far above what an honest client waits here; far below what it would wait behind a blocked connection for good. */
const slowestMs = 3_000;

describe.skipIf(!hasValkey)(`hostile clients (LARDER_SEED=${testSeed})`, () => {
  let served: TestGateway;
  let view: EngineView;
  let addresses: Address[];

  beforeAll(async () => {
    served = await startGateway();
    view = await EngineView.open(served.engine);
    addresses = [
      { port: served.plainPort },
      { port: served.tlsPort, tls: { ca: served.ca } },
      { port: served.sharedPort, tls: { ca: served.ca, serverName: served.route.hostName } },
    ];
  });
  afterAll(async () => {
    view.close();
    await served.stop();
  });

  async function startHonest(): Promise<HonestClient[]> {
    const random = randomFrom(testSeed + 1);
    return Promise.all(
      addresses.flatMap((address, index) =>
        ([2, 3] as const).map((protocol) =>
          HonestClient.start({ address, name: `${index}.${protocol}`, password: accessKey, protocol, random }),
        ),
      ),
    );
  }

  // A neighbour's commands are in flight on the same connection while each is taken in.
  test("do not touch what is in flight beside them, whatever they send", async () => {
    const random = randomFrom(testSeed + 2);
    const address = addresses[0] as Address;
    const neighbour = await CommandClient.connect(address);
    await neighbour.ask("AUTH", accessKey);
    for (const [index, text] of malicious.entries()) {
      const startedMs = performance.now();
      const attacker = await connectRaw(address);
      attacker.send(Buffer.concat([encodeRequest(["AUTH", accessKey]), Buffer.from(text, "latin1")]));
      const words = Array.from({ length: 20 }, (_, each) => `${index}.${each}`);
      const asked = words.map(async (word) => {
        await Bun.sleep(random(10));
        return neighbour.ask("ECHO", word);
      });
      const transaction = Bun.sleep(random(10)).then(() =>
        neighbour.pipeline([["WATCH", "w"], ["MULTI"], ["ECHO", "in"], ["EXEC"]]),
      );
      expect({ text, replies: await Promise.all(asked) }).toEqual({ text, replies: words });
      expect({ text, replies: await transaction }).toEqual({ text, replies: ["OK", "OK", "QUEUED", ["in"]] });
      expect({ text, isLate: performance.now() - startedMs > slowestMs }).toEqual({ text, isLate: false });
      attacker.close();
    }
    neighbour.close();
  }, 60_000);

  test("cost only themselves, and leave nothing behind", async () => {
    const random = randomFrom(testSeed);
    const honest = await startHonest();
    let isOver = false;
    const working = Promise.all(honest.map((client) => client.work(() => isOver)));
    let left = hostileClients;
    const attack = async () => {
      while (left-- > 0 && honest.every((client) => client.violations.length === 0)) {
        await runHostileClient(addresses[random(addresses.length)] as Address, accessKey, random);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, attack));
    isOver = true;
    await working;

    expect(honest.flatMap((client) => client.violations)).toEqual([]);
    expect(Math.max(...honest.map((client) => client.slowestMs))).toBeLessThan(slowestMs);
    for (const client of honest) client.close();
    const metrics = () => served.gateway.metrics();
    await until("the gateway has no client any more", () => metrics().larder_gateway_connections === 0);
    expect(metrics().larder_gateway_output_bytes).toBe(0);
    await view.untilQuiet();
  }, 600_000);
});
