/** Consumers that are killed: nothing is lost, no effect in the server is doubled, and keys keep their order. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { connect, type Server } from "../../packages/client/index.ts";
import { createQueue, type Queue } from "../../packages/client/messaging/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import type { Work } from "../fixture/queue-worker.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { until } from "../fixture/until.ts";

const program = join(import.meta.dir, "../fixture/queue-worker.ts");
const kills = Number(process.env.LARDER_QUEUE_KILLS ?? 6);
const keyCount = 20;

describe.skipIf(!hasValkey)("consumers are killed", () => {
  let engine: CacheServer;
  let server: Server;
  let queue: Queue<Work>;
  let workers: Bun.Subprocess[];

  const startWorker = () =>
    workers.push(Bun.spawn([process.execPath, program, engine.url, "work"], { stdout: "ignore", stderr: "inherit" }));
  const killWorker = async (index: number) => {
    const [worker] = workers.splice(index, 1);
    worker?.kill("SIGKILL");
    await worker?.exited;
  };

  beforeEach(async () => {
    engine = await startCacheServer();
    server = connect(engine.url);
    queue = createQueue<Work>("work", { server });
    workers = [];
  });
  afterEach(async () => {
    while (workers.length > 0) await killWorker(0);
    server.close();
    await engine.stop();
  });

  test(
    `seed ${testSeed}: while messages come, ${kills} times`,
    async () => {
      const random = randomFrom(testSeed);
      let added = 0;
      const addSome = async () => {
        const some = Array.from({ length: 100 }, () => ({ index: added++ }));
        await queue.addMany(some, ({ index }) => ({ key: `key-${index % keyCount}` }));
      };
      startWorker();
      startWorker();
      await addSome();
      for (let kill = 0; kill < kills; kill++) {
        const { doneTotal } = await queue.stats();
        await addSome();
        await until("work goes on", async () => (await queue.stats()).doneTotal > doneTotal + random(50));
        await killWorker(random(2));
        startWorker();
      }
      await until("all is done", async () => (await queue.stats()).doneTotal === added, 45_000);
      const effects = (await server.main.ask(["HVALS", "{work}:effects"])) as string[];
      expect(effects).toEqual(Array(added).fill("1"));
      for (let key = 0; key < keyCount; key++) {
        const order = (await server.main.ask(["LRANGE", `{work}:order:key-${key}`, "0", "-1"])) as string[];
        expect(order.map(Number)).toEqual(Array.from({ length: added / keyCount }, (_, at) => key + at * keyCount));
      }
      expect(await queue.stats()).toMatchObject({ waiting: 0, running: 0, delayed: 0, held: 0, dead: 0 });
    },
    60_000 + kills * 2_000,
  );

  test("a message that kills its consumers is a dead letter in the end, and what ran beside it is done", async () => {
    const patient = createQueue<Work>("work", {
      server,
      lease: "1s",
      retries: 2,
      backoff: { type: "fixed", delay: 20 },
    });
    await patient.add({ index: 1, isPoison: true }, { key: "a" });
    await patient.add({ index: 2 }, { key: "a" });
    await patient.add({ index: 3 });
    for (let attempt = 1; attempt <= 3; attempt++) {
      startWorker();
      await workers[0]?.exited;
      workers.length = 0;
    }
    const last = patient.process(() => {});
    await until("it is dead", async () => (await patient.stats()).dead === 1);
    await until("the others are done", async () => (await patient.stats()).doneTotal === 2);
    await last.stop();
    expect(await patient.deadLetters.list()).toMatchObject([
      { payload: { index: 1 }, key: "a", attempts: 3, error: "The consumer was lost." },
    ]);
  }, 30_000);
});
