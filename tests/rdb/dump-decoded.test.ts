/** What each engine dumps decodes to what the engine shows. */
import { afterAll, describe, expect, test } from "bun:test";
import { hasFeature, parseDumpPayload } from "@larder/rdb";
import { RdbEngine, rdbEngineKinds } from "../fixture/rdb-engines.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { describeByEngine, describeDecoded } from "../fixture/value-description.ts";
import { setBounds, valueRecipes } from "../fixture/value-recipes.ts";

describe.each(rdbEngineKinds)("$title", (kind) => {
  const starting = RdbEngine.start(kind);
  afterAll(async () => (await starting).stop());

  test(`dumps what decodes to its values (seed ${testSeed})`, async () => {
    const engine = await starting;
    await setBounds(engine);
    const recipes = valueRecipes(randomFrom(testSeed), hasFeature(engine.target, "field expiry"));
    const encodings = new Set<string>();
    for (const [key, commands] of recipes) {
      await engine.run(commands);
      const payload = (await engine.ask("DUMP", key)) as Buffer;
      const entry = parseDumpPayload(payload, { key: Buffer.from(key), expiresAtMs: null });
      encodings.add(entry.encoding);
      const shown = await describeByEngine(engine, key);
      expect({ key, ...describeDecoded(entry) }).toEqual({ key, ...shown });
    }
    console.log(kind.title, engine.target, [...encodings].join(" "));
  }, 60_000);
});
