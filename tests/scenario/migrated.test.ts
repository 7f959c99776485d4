/** The data of another server comes into a cache by the command line, under load at both: clients of the cache notice nothing but the data. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { join } from "node:path";
import { fillWithAllTypes } from "../fixture/all-types.ts";
import { CacheAccess } from "../fixture/cache-access.ts";
import { runCommand } from "../fixture/command-run.ts";
import { longTest } from "../fixture/long-test.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { SourceServer } from "../fixture/source-server.ts";
import { until } from "../fixture/until.ts";
import { WriteLoad } from "../fixture/write-load.ts";

let service: TestService;
let source: SourceServer;

describe.skipIf(!hasValkey)("a migration", () => {
  beforeAll(async () => {
    service = await startService({ engine: "native", hosts: 1 });
    source = await SourceServer.start("valkey-server", ["requirepass old-secret"]);
  }, 60_000);
  afterAll(async () => {
    await service?.stop();
    await source?.stop();
  }, 30_000);

  longTest(
    "by the command line: cut over, compared, and written back",
    async () => {
      const cache = await CacheAccess.of(service, await service.createCache("shop", {}));
      const client = await cache.ioredis();
      await client.set("age", "before");
      const old = source.client({ password: "old-secret" });
      await fillWithAllTypes(old);
      await old.set("age", "migrated");
      const load = new WriteLoad([source.client({ password: "old-secret" })], "old");
      await load.progress(50);
      const errors: string[] = [];
      const reading = readUntil(client, "migrated", errors);
      const migrated = await larder("migrate", url(), "--to", "shop", "--pause-source", "--ask-password");
      expect(migrated).toMatchObject({ exit: 0, stdout: expect.stringContaining("Done") });
      expect(migrated.stderr).toContain("larder migrate verify");
      await reading;
      expect(errors).toEqual([]);
      expect(await client.get("old:0")).toBe(await old.get("old:0"));
      await old.client("UNPAUSE");
      await load.end();
      await client.mset({ age: "after", "old:0": String(await old.get("old:0")) });
      const reverse = await larder("migrate", "reverse", "shop", url(), "--ask-password", "--no-wait", "--json");
      expect(reverse.exit).toBe(0);
      await until("the old server has what is new", async () => (await old.get("age")) === "after");
      const verified = await larder("migrate", "verify", "shop", url(), "--ask-password", "--json");
      expect(JSON.parse(verified.stdout).progress.differences).toEqual({ count: 1, examples: [expect.anything()] });
      expect((await larder("migrate", "cancel", "shop")).exit).toBe(0);
      cache.close();
    },
    90_000,
  );
});

function url(): string {
  return `redis://${source.address.host}:${source.address.port}`;
}

function larder(...args: string[]) {
  const env = { LARDER_SOURCE_PASSWORD: "old-secret" };
  const command = [join(import.meta.dir, "../../bin/larder"), ...args];
  return runCommand(command, { dataDir: service.dataDir, env });
}

async function readUntil(client: { get(key: string): Promise<string | null> }, wanted: string, errors: string[]) {
  for (;;) {
    const found = await client.get("age").catch((error: Error) => void errors.push(error.message));
    if (found === wanted) return;
    await Bun.sleep(2);
  }
}
