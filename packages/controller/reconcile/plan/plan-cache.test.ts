import { describe, expect, test } from "bun:test";
import { provisioningState } from "../../documents/cache-document.ts";
import { runScript, ScriptedCache, scriptLines } from "./plan-script.ts";

const scripts = {
  "a creation": `
    create             => rest
    gateway: serving   => rest
    agent: gone        => rest
    agent: starting    => rest
    agent: running     => publish
    gateway: behind    => rest
    gateway: serving   => settle
    after 1s           => settled`,

  "a creation before any gateway is there": `
    agent: running     => publish
    after 10s          => rest
    gateway: serving   => settle`,

  "a creation whose port is taken moves on until one is free": `
    agent: running       => publish
    gateway: taken 10000 => move tls
    gateway: taken 10002 => move tls
    gateway: serving     => settle`,

  "a creation without an engine fails at once": `
    gateway: serving                  => rest
    agent: failed EngineNotAvailable  => fail EngineNotAvailable
    after 1s                          => rest`,

  "a creation whose engine does not start fails after some tries": `
    gateway: serving                 => rest
    agent: failed EngineStartFailed  => rest
    after 5s                         => rest
    agent: starting                  => rest
    after 3s                         => rest
    agent: failed EngineStartFailed  => rest
    after 3s                         => fail EngineStartFailed`,

  "a failed creation becomes what was asked when the obstacle goes": `
    agent: failed EngineNotAvailable  => fail EngineNotAvailable
    gateway: serving                  => rest
    agent: running                    => publish
    gateway: serving                  => settle`,

  "a creation that nobody takes up fails at its deadline": `
    agent: silent  => rest
    after 119s     => rest
    after 1s       => fail ServiceUnavailable`,

  "a deadline that passed while the controller was away waits for the first reports": `
    agent: running     => publish
    after 119s         => rest
    restart            => rest
    after 9s           => rest
    agent: running     => rest
    gateway: serving   => settle`,

  "an update opens the plain port": `
    agent: running     => publish
    gateway: serving   => settle
    plain on           => rest
    agent: running     => rest
    gateway: serving   => settle`,

  "a plain port that is taken moves, while the known port stays": `
    agent: running        => publish
    gateway: serving      => settle
    plain on              => rest
    gateway: taken 10001  => move plain
    gateway: serving      => settle
    gateway: taken 10000  => settled`,

  "an engine that is down keeps its route until its agent gives up": `
    agent: running                   => publish
    gateway: serving                 => settle
    agent: starting                  => settled
    agent: running                   => settled
    agent: failed EngineStartFailed  => publish none
    agent: starting                  => settled
    agent: running                   => publish`,

  "an agent that is away changes nothing": `
    agent: running     => publish
    gateway: serving   => settle
    agent: silent      => settled
    agent: gone        => settled`,

  "a removal waits for gateways, then for the host": `
    agent: running     => publish
    gateway: serving   => settle
    delete             => rest
    gateway: behind    => rest
    gateway: serving   => remove
    agent: running     => rest
    agent: silent      => rest
    agent: gone        => forget`,

  "a removal past its deadline goes on": `
    agent: running     => publish
    gateway: serving   => settle
    delete             => rest
    gateway: serving   => remove
    after 120s         => fail ServiceUnavailable
    after 100s         => rest
    agent: gone        => forget`,

  "a removal of what was never made": `
    gateway: serving   => rest
    delete             => rest
    gateway: serving   => remove
    agent: gone        => forget`,
};

describe("the plan", () => {
  test.each(Object.entries(scripts))("%s", (_, script) => {
    expect(runScript(script).text).toBe(scriptLines(script).join("\n"));
  });

  test("every change of the node raises the route's epoch", () => {
    const life = new ScriptedCache();
    const epochs = scriptLines(scripts["an engine that is down keeps its route until its agent gives up"]).map(
      (line) => {
        runScript(line, life);
        return life.cache?.route.epoch;
      },
    );
    expect(epochs).toEqual([2, 2, 2, 2, 3, 3, 4]);
  });
});

describe("interrupted after any step, the plan comes to the same end", () => {
  const withEnd = Object.entries(scripts).map(([name, script]) => [name, scriptLines(script)] as const);
  test.each(withEnd)("%s", (_, lines) => {
    const wanted = outcome(play(lines, undefined));
    for (let step = 0; step < lines.length; step++)
      expect(`after step ${step}: ${outcome(play(lines, step))}`).toBe(`after step ${step}: ${wanted}`);
  });
});

/** The script, with the controller killed after `killedAfter`; then agent and gateway report as they are, and all comes to rest. */
function play(lines: readonly string[], killedAfter: number | undefined): ScriptedCache {
  const life = new ScriptedCache();
  const last = new Map<string, string>();
  lines.forEach((line, index) => {
    const event = (line.split(" => ")[0] as string).trim();
    last.set(event.split(":")[0] as string, event);
    if (life.cache !== undefined) life.happen(event);
    life.step();
    if (index !== killedAfter) return;
    life.happen("restart");
    life.step();
    for (const subject of ["agent", "gateway"]) report(life, last.get(subject));
  });
  for (let round = 0; round < 4; round++)
    for (const event of [last.get("agent"), last.get("gateway"), "after 5s"]) {
      report(life, event);
      life.step();
    }
  return life;
}

function report(life: ScriptedCache, event: string | undefined): void {
  if (event !== undefined && life.cache !== undefined) life.happen(event);
}

/** What the owner sees; how often the route was written on the way there may differ. */
function outcome({ cache }: ScriptedCache): string {
  if (cache === undefined) return "gone";
  const { settledGeneration, ports, failure } = cache;
  return JSON.stringify({ state: provisioningState(cache), settledGeneration, ports, failure, node: cache.route.node });
}
