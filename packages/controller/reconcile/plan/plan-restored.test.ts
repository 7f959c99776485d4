/** Caches that are kept on disk, when all of their nodes end: who has the newest data leads. */
import { describe, expect, test } from "bun:test";
import { outcome, play } from "./interrupted-script.ts";
import { runScript, scriptLines } from "./plan-script.ts";

const kept = `
    create 2 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => settle
    kept on             => settle
    after 5s            => settled`;

const scripts = {
  "the newest leads, once all have stopped and looked": `${kept}
    a: kept 1 80        => settled
    b: kept 1 90        => settled
    b: ended            => settled
    a: ended            => stop all, after a
    a: running          => rest
    b: looks            => rest
    b: running          => rest
    b: looked           => appoint b
    b: running          => publish b`,

  "one that still loads is waited for": `${kept}
    a: kept 1 80        => settled
    b: kept 1 90        => settled
    b: ended            => settled
    a: ended            => stop all, after a
    a: running          => rest
    after 60s           => rest
    b: running          => appoint b`,

  "a host that is silent is waited for": `${kept}
    a: kept 1 80        => settled
    b: silent           => settled
    a: ended            => settled
    a: running          => settled
    after 600s          => settled
    b: gone             => stop all, after a
    a: running          => appoint a`,

  "one that fails is waited for where it has something newer": `${kept}
    a: kept 1 80        => settled
    b: kept 1 90        => settled
    b: ended            => settled
    a: ended            => stop all, after a
    a: running          => rest
    b: failed EngineStartFailed => rest
    after 600s          => rest
    b: kept 1 70        => appoint a`,
};

/** What the history says of a persistence that fails; interrupted, it says no more. */
const told = {
  "each file that could not be read, once, and with what the node went on": `${kept}
    a: unreadable 1.rdb => tell a could not read 1.rdb, has put it aside and goes on with nothing of its own
    a: running          => settled
    a: kept 1 80        => settled
    a: unreadable 2.rdb => tell a could not read 2.rdb, has put it aside and goes on with append-only files of 1970-01-01T00:00:00.000Z
    restart             => settled
    a: running          => settled`,

  "what fails, once, and that it works again": `${kept}
    b: unkept AppendOnlyFailed => tell b: it says why
    b: running          => settled
    a: unkept CopyFailed => settled
    b: keeps            => tell b: The append-only files are written again
    b: running          => settled`,
};

/** Interrupted, its planned move would come to another end. */
const uninterrupted = {
  "an older copy in memory does not win over what is newer on a disk": `${kept}
    switchover          => prepare b
    gateway: prepared   => hold
    gateway: drained    => hand over to b
    gateway: serving    => rest
    b: running          => rest
    a: deaf             => rest
    b: kept 2 300       => rest
    b: ended            => stop all, after b
    b: running          => rest
    a: hears            => appoint b`,
};

describe("kept caches", () => {
  test.each(Object.entries({ ...scripts, ...told, ...uninterrupted }))("%s", (_, script) => {
    expect(runScript(script).text).toBe(scriptLines(script).join("\n"));
  });
});

describe("interrupted after any step, the plan comes to the same end", () => {
  test.each(Object.entries(scripts))("%s", (_, script) => {
    const wanted = outcome(play(script, undefined));
    for (let step = 0; step < scriptLines(script).length; step++)
      expect(`after step ${step}: ${outcome(play(script, step))}`).toBe(`after step ${step}: ${wanted}`);
  });
});
