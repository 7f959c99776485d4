import { describe, expect, test } from "bun:test";
import { outcome, play } from "./interrupted-script.ts";
import { runScript, ScriptedCache, scriptLines } from "./plan-script.ts";

const scripts = {
  "a creation": `
    create             => rest
    gateway: serving   => rest
    agent: gone        => rest
    agent: starting    => rest
    agent: running     => publish a
    gateway: behind    => rest
    gateway: serving   => settle
    after 1s           => settled`,

  "a creation before any gateway is there": `
    agent: running     => publish a
    after 10s          => rest
    gateway: serving   => settle`,

  "a creation whose port is taken moves on until one is free": `
    agent: running       => publish a
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
    agent: running                    => publish a
    gateway: serving                  => settle`,

  "a creation that nobody takes up fails at its deadline": `
    agent: silent  => rest
    after 119s     => rest
    after 1s       => fail ServiceUnavailable`,

  "a deadline that passed while the controller was away waits for the first reports": `
    agent: running     => publish a
    after 119s         => rest
    restart            => rest
    after 9s           => rest
    agent: running     => rest
    gateway: serving   => settle`,

  "an update opens the plain port": `
    agent: running     => publish a
    gateway: serving   => settle
    plain on           => rest
    agent: running     => rest
    gateway: serving   => settle`,

  "a plain port that is taken moves, while the known port stays": `
    agent: running        => publish a
    gateway: serving      => settle
    plain on              => rest
    gateway: taken 10001  => move plain
    gateway: serving      => settle
    gateway: taken 10000  => settled`,

  "an engine that is down keeps its route until its agent gives up": `
    agent: running                   => publish a
    gateway: serving                 => settle
    agent: starting                  => settled
    agent: running                   => settled
    agent: failed EngineStartFailed  => publish none
    agent: starting                  => settled
    agent: running                   => publish a`,

  "an agent that is away changes nothing": `
    agent: running     => publish a
    gateway: serving   => settle
    agent: silent      => settled
    agent: gone        => settled`,

  "a creation with a replica": `
    create 2 nodes      => rest
    b: starting         => rest
    a: running          => appoint a
    a: running          => publish a
    b: running          => rest
    gateway: serving    => rest
    b: copied 100       => settle
    after 1s            => settled`,

  "a primary that dies is followed by its replica, and comes back as one": `
    create 2 nodes      => rest
    b: running          => appoint b
    b: running          => publish b
    a: running          => rest
    gateway: serving    => rest
    a: copied 100       => settle
    b: ended            => appoint a
    b: running          => publish a
    gateway: serving    => rest
    b: copied 200       => settle`,

  "the replica with the most follows": `
    create 3 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => rest
    c: running          => rest
    c: copied 150       => settle
    b: copied 200       => settled
    a: ended            => stop all, after a
    after 0s            => appoint b
    b: running          => publish b
    gateway: serving    => rest
    c: copied 210       => rest
    a: running          => rest
    a: copied 210       => settle`,

  "a replica that does not say what it has is passed over": `
    create 3 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => rest
    c: running          => rest
    c: copied 150       => settle
    c: deaf             => settled
    a: ended            => stop all, after a
    after 0s            => rest
    after 1s            => appoint b
    b: running          => publish b
    c: hears            => rest
    gateway: serving    => rest
    c: copied 210       => rest
    a: running          => rest
    a: copied 210       => settle`,

  "a replica without a whole copy does not follow while the primary's host may bring it back": `
    create 2 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    a: ended            => rest
    a: running          => stop all, after a
    after 0s            => appoint a
    a: running          => publish a
    b: copied 5         => rest
    gateway: serving    => settle`,

  "a silent host is not given up while its replica hears it": `
    create 2 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => settle
    after 3s            => settled
    a: silent           => settled
    b: cut              => appoint b
    after 3s            => publish b
    gateway: serving    => rest
    a: running          => rest
    a: copied 300       => settle`,

  "a controller that has just started waits for those who have not spoken yet": `
    create 3 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => rest
    c: running          => rest
    c: copied 150       => settle
    restart             => settled
    b: cut              => settled
    a: ended            => rest
    c: cut              => stop all, after a
    after 0s            => appoint c
    c: running          => publish c
    gateway: serving    => rest
    b: copied 160       => rest
    a: running          => rest
    a: copied 160       => settle`,

  "nobody follows while every host is silent": `
    create 2 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => settle
    a: silent           => settled
    b: silent           => settled
    after 100s          => settled`,

  "a replica that dies changes nothing for clients": `
    create 2 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => settle
    b: ended            => settled
    b: running          => settled
    b: copied 300       => settled`,

  "a removal waits for gateways, then for the host": `
    agent: running     => publish a
    gateway: serving   => settle
    delete             => rest
    gateway: behind    => rest
    gateway: serving   => remove
    agent: running     => rest
    agent: silent      => rest
    agent: gone        => forget`,

  "a removal past its deadline goes on": `
    agent: running     => publish a
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
  test.each(Object.entries(scripts))("%s", (_, script) => {
    const wanted = outcome(play(script, undefined));
    for (let step = 0; step < scriptLines(script).length; step++)
      expect(`after step ${step}: ${outcome(play(script, step))}`).toBe(`after step ${step}: ${wanted}`);
  });
});
