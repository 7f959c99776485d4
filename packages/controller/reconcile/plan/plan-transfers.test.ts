/** Transfers: what comes in through a node of its own, and what goes out. */
import { describe, expect, test } from "bun:test";
import { outcome, play } from "./interrupted-script.ts";
import { runScript, scriptLines } from "./plan-script.ts";

const alone = `
    agent: running      => publish a
    gateway: serving    => settle`;

const standard = `
    create 2 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => settle
    after 5s            => settled`;

const filled = `${alone}
    import              => fill b
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => settle
    after 5s            => settled
    b: running          => start t1 on b`;

const scripts = {
  "an import into a cache alone": `${filled}
    t1: running         => settled
    t1: done            => prepare b
    gateway: prepared   => hold
    gateway: prepared   => rest
    gateway: drained    => hand over to b
    b: running          => rest
    gateway: serving    => drop a
    b: running          => settle
    b: running          => settled`,

  "an import into a cache with a replica": `${standard}
    import              => fill c
    c: running          => start t1 on c
    t1: done            => prepare c
    gateway: prepared   => hold
    gateway: drained    => hand over to c
    c: running          => rest
    gateway: serving    => drop b
    a: running          => rest
    a: copied 200       => settle
    a: copied 200       => settled`,

  "a host that is emptied while it has the node that is filled waits for the end, and is empty after it": `${filled}
    host-b: draining    => settled
    t1: running         => settled
    t1: done            => prepare b
    gateway: prepared   => hold
    gateway: drained    => hand over to b
    b: running          => rest
    gateway: serving    => rest
    a: running          => rest
    a: copied 200       => prepare a
    gateway: prepared   => hold
    gateway: drained    => hand over to a
    gateway: serving    => drop b
    a: running          => settle`,

  "an import that fails leaves the cache as it was": `${filled}
    t1: failed BadFile  => t1 failed BadFile
    a: running          => settle
    a: running          => settled`,

  "a backup that is verified is loaded into a node that goes": `${filled.replace("import", "verify")}
    t1: running         => settled
    t1: done            => t1 succeeded
    a: running          => settle
    a: running          => settled`,

  "a backup that turns out to be bad leaves the cache as it was, too": `${filled.replace("import", "verify")}
    t1: failed BadFile  => t1 failed BadFile
    a: running          => settle
    a: running          => settled`,

  "an import that is cancelled leaves the cache as it was": `${filled}
    t1: running         => settled
    cancel t1           => settle
    a: running          => settled`,

  "an import that is cancelled before its node runs": `${standard}
    import              => fill c
    cancel t1           => settle
    a: running          => settled`,

  "imports wait for one another": `${filled}
    import              => settled
    t1: failed BadFile  => t1 failed BadFile
    b: gone             => fill c
    c: running          => start t2 on c`,

  "an import whose node does not start": `${standard}
    import              => fill c
    c: failed Broken    => settle
    after 11s           => t1 failed Broken
    a: running          => settle`,

  "an import whose host falls silent": `${filled}
    b: silent           => settled
    after 59s           => settled
    after 1s            => t1 failed NodeLost
    a: running          => settle`,

  "an import without room waits for a while": `${standard}
    room: none          => settled
    import              => settled
    after 29s           => settled
    after 1s            => t1 failed InsufficientCapacity`,

  "a primary that dies during an import is followed by its replica": `${standard}
    import              => fill c
    c: running          => start t1 on c
    a: ended            => appoint b
    b: running          => publish b
    gateway: serving    => rest
    t1: done            => prepare c`,

  "an import whose move is called off is tried again": `${filled}
    t1: done            => prepare b
    gateway: prepared   => hold
    gateway: expired    => call off
    gateway: serving    => t1 goes on
    a: running          => settle
    after 4s            => settled
    after 1s            => prepare b`,

  "an import that never can take over fails": `${filled}
    orders: fail        => settled
    t1: done            => prepare b
    gateway: prepared   => hold
    gateway: drained    => call off
    gateway: serving    => t1 goes on
    after 9s            => prepare b
    gateway: prepared   => hold
    gateway: drained    => call off
    gateway: serving    => t1 goes on
    after 19s           => prepare b
    gateway: prepared   => hold
    gateway: drained    => call off
    gateway: serving    => t1 goes on
    after 39s           => prepare b
    gateway: prepared   => hold
    gateway: drained    => call off
    gateway: serving    => t1 goes on
    after 79s           => prepare b
    gateway: prepared   => hold
    gateway: drained    => call off
    gateway: serving    => t1 goes on
    after 200s          => t1 failed CutOverCalledOff
    a: running          => settle`,

  "a primary that dies in the move ends that, not the import": `${standard}
    import              => fill c
    c: running          => start t1 on c
    t1: done            => prepare c
    gateway: prepared   => hold
    a: ended            => appoint b
    b: running          => publish b
    gateway: serving    => t1 goes on
    t1: done            => prepare c`,

  "a cache alone whose primary dies during an import begins anew, empty": `${filled}
    a: ended            => settled
    a: running          => stop all, after a
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => settle
    t1: done            => prepare b`,

  "a node that was filled begins a new life in the move": `${filled}
    t1: done            => prepare b
    b: ended            => rest
    b: running          => call off
    t1: running         => t1 goes on
    gateway: serving    => settle
    after 9s            => settled
    t1: done            => prepare b`,

  "a node that was started again is not taken for filled": `${filled}
    t1: done            => prepare b
    b: ended            => rest
    b: running          => call off
    gateway: serving    => t1 goes on
    a: running          => settle
    after 20s           => settled
    t1: done            => prepare b`,

  "a merge goes to the primary, an export to a replica": `${standard}
    merge               => start t1 on a
    export              => start t2 on b
    t2: done            => t2 succeeded
    t1: done            => t1 succeeded
    a: running          => settled`,

  "an export of a cache alone": `${alone}
    export              => start t1 on a
    t1: done            => t1 succeeded`,

  "an export goes to another node when its own is lost": `${standard}
    export              => start t1 on b
    b: ended            => settled
    t1: failed EngineLost => t1 relocated
    a: running          => start t1 on a
    t1: done            => t1 succeeded`,

  "a merge follows the primary": `${standard}
    merge               => start t1 on a
    a: ended            => appoint b
    b: running          => publish b
    gateway: serving    => t1 relocated
    a: running          => start t1 on b
    t1: done            => t1 succeeded`,

  "a merge into a cache that serves no more does not wait for ever": `${alone}
    a: silent           => settled
    merge               => settled
    after 599s          => settled
    after 2s            => t1 failed NodeLost
    after 600s          => settled`,

  "an import into a cache that serves no more does not either": `${alone}
    a: silent           => settled
    import              => settled
    after 599s          => settled
    after 2s            => t1 failed NodeLost
    after 600s          => settled`,

  "a migration takes over once it lags no more": `${filled.replace("import", "migrate")}
    t1: running         => settled
    t1: following 2000000 => settled
    t1: following 0     => prepare b
    gateway: prepared   => hold
    gateway: drained    => hand over to b
    b: running          => rest
    gateway: serving    => drop a
    t1: following 0     => t1 succeeded`,

  "a migration key by key ends once its agent is done": `${filled.replace("import", "migrate")}
    t1: following 0     => prepare b
    gateway: prepared   => hold
    gateway: drained    => hand over to b
    b: running          => rest
    gateway: serving    => drop a
    t1: done            => t1 succeeded`,

  "a migration whose node dies before its last word": `${standard}
    migrate             => fill c
    c: running          => start t1 on c
    t1: following 0     => prepare c
    gateway: prepared   => hold
    gateway: drained    => hand over to c
    c: running          => rest
    a: running          => rest
    a: copied 10        => rest
    c: ended            => stop all, after c
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => t1 succeeded`,

  "a migration waits for its owner's word": `${filled.replace("import", "migrate manual")}
    t1: following 0     => settled
    cutover t1          => prepare b`,

  "a cache that is deleted ends its transfers": `${filled}
    delete              => t1 cancelled TransferCancelled
    gateway: serving    => remove
    agent: gone         => forget`,
};

describe("the plan", () => {
  test.each(Object.entries(scripts))("%s", (_, script) => {
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
