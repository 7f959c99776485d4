/** Shopping carts and last known values on a real server. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { connect, type Server } from "../../packages/client/index.ts";
import { type ShoppingCarts, shoppingCarts } from "../../packages/client/session/cart.ts";
import { telemetry } from "../../packages/client/session/telemetry.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";

describe.skipIf(!hasValkey)("kept beside sessions", () => {
  let engine: CacheServer;
  let server: Server;

  beforeAll(async () => {
    engine = await startCacheServer();
    server = connect(engine.url);
  });
  afterAll(async () => {
    server.close();
    await engine.stop();
  });
  beforeEach(async () => {
    await server.main.ask(["FLUSHALL"]);
  });

  describe("a shopping cart", () => {
    const carts = (): ShoppingCarts => shoppingCarts({ server, quantityMax: 10, linesMax: 3 });

    test("lines are added, changed and removed, within limits", async () => {
      expect(await carts().add("ada", "shoe")).toEqual({ is: "changed", quantity: 1 });
      expect(await carts().add("ada", "shoe", 9)).toEqual({ is: "changed", quantity: 10 });
      expect(await carts().add("ada", "shoe")).toEqual({ is: "refused", by: "quantity", quantity: 10 });
      expect(await carts().add("ada", "shoe", -4)).toEqual({ is: "changed", quantity: 6 });
      await carts().set("ada", "sock", 2);
      await carts().set("ada", "lace", 2);
      expect(await carts().add("ada", "hat")).toEqual({ is: "refused", by: "lines", quantity: 0 });
      expect(await carts().set("ada", "sock", 0)).toEqual({ is: "changed", quantity: 0 });
      expect(await carts().lines("ada")).toEqual([
        { article: "shoe", quantity: 6 },
        { article: "lace", quantity: 2 },
      ]);
      await carts().clear("ada");
      expect(await carts().lines("ada")).toEqual([]);
      for (const bad of [1.5, Number.NaN, -1]) await expect(carts().set("ada", "shoe", bad)).rejects.toThrow(TypeError);
    });

    test("changes side by side are all counted", async () => {
      await Promise.all(Array.from({ length: 30 }, (_, index) => carts().add("ada", `article-${index % 3}`)));
      expect((await carts().lines("ada")).map(({ quantity }) => quantity)).toEqual([10, 10, 10]);
    });

    test("an anonymous cart goes into the user's once, also when it is asked for twice, and with what comes late", async () => {
      await carts().add("visitor", "shoe", 8);
      await carts().add("visitor", "sock", 1);
      await carts().add("ada", "shoe", 5);
      const merged = await Promise.all([carts().merge("visitor", "ada"), carts().merge("visitor", "ada")]);
      expect(merged.flatMap(({ dropped }) => dropped)).toEqual([{ article: "shoe", quantity: 3 }]);
      await carts().merge("visitor", "ada");
      await carts().add("visitor", "lace");
      expect(await carts().lines("ada")).toEqual([
        { article: "shoe", quantity: 10 },
        { article: "sock", quantity: 1 },
        { article: "lace", quantity: 1 },
      ]);
      await carts().merge("visitor", "eve");
      expect(await carts().lines("eve")).toEqual([]);
    });
  });

  describe("last known values", () => {
    test(`whatever the order, and however often, the newest stays (seed ${testSeed})`, async () => {
      const random = randomFrom(testSeed);
      const last = telemetry({ server });
      const reports = Array.from({ length: 300 }, (_, index) => 2n ** 60n + BigInt(index % 150));
      const shuffled = reports.map((sequence) => ({ sequence, at: random(1_000_000) })).sort((a, b) => a.at - b.at);
      await Promise.all(
        shuffled.map(({ sequence }) => last.report("pump", { temperature: String(sequence) }, { sequence })),
      );
      const newest = 2n ** 60n + 149n;
      expect((await last.read("pump")).get("temperature")).toEqual({ value: String(newest), sequence: newest });
    });

    test("each metric for itself, and many devices at once", async () => {
      const last = telemetry({ server });
      await last.report("one", { temperature: 20.5, door: null }, { sequence: 9 });
      expect(await last.report("one", { temperature: 18, fan: "on" }, { sequence: 8 })).toEqual({
        outdated: ["temperature"],
      });
      expect(await last.report("one", { temperature: 21 }, { sequence: 10 })).toEqual({ outdated: [] });
      const [one, none] = await last.readMany(["one", "none"]);
      expect([...one!].map(([metric, { value }]) => [metric, value]).sort()).toEqual([
        ["door", null],
        ["fan", "on"],
        ["temperature", 21],
      ]);
      expect(none!.size).toBe(0);
      await server.main.ask(["HSET", "telemetry:{one}", "fan", "corrupt"]);
      expect((await last.read("one")).has("fan")).toBe(false);
      await last.forget("one");
      expect((await last.read("one")).size).toBe(0);
      for (const sequence of [-1, 1.5, Number.NaN])
        await expect(last.report("one", {}, { sequence })).rejects.toThrow(TypeError);
    });
  });
});
