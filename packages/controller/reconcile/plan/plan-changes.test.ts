/** Planned changes of who the primary is and of which nodes there are. */
import { describe, expect, test } from "bun:test";
import { outcome, play } from "./interrupted-script.ts";
import { runScript, scriptLines } from "./plan-script.ts";

const standard = `
    create 2 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => settle
    after 5s            => settled`;

const scripts = {
  "a switchover": `${standard}
    switchover          => prepare b
    gateway: serving    => rest
    gateway: prepared   => hold
    gateway: prepared   => rest
    gateway: drained    => hand over to b
    b: running          => rest
    gateway: serving    => rest
    a: running          => rest
    a: copied 120       => settle
    after 1s            => settled`,

  "a switchover whose gateway does not get ready is called off, and tried again": `${standard}
    switchover          => prepare b
    gateway: serving    => rest
    after 29s           => rest
    after 1s            => call off
    gateway: serving    => rest
    after 5s            => prepare b
    gateway: prepared   => hold
    gateway: drained    => hand over to b
    gateway: serving    => rest
    a: copied 120       => settle`,

  "a switchover waits until the primary sends to the replica": `${standard}
    switchover          => prepare b
    b: unfed 100        => rest
    gateway: prepared   => rest
    b: copied 110       => hold
    gateway: drained    => hand over to b
    gateway: serving    => rest
    a: copied 120       => settle`,

  "a hold that does not end in time is called off": `${standard}
    switchover          => prepare b
    gateway: prepared   => hold
    gateway: prepared   => rest
    after 1s            => rest
    after 1s            => call off
    a: running          => rest
    b: copied 130       => rest
    gateway: serving    => rest
    after 5s            => prepare b`,

  "a hold that a gateway gave up is called off": `${standard}
    switchover          => prepare b
    gateway: prepared   => hold
    gateway: expired    => call off`,

  "agents that do not carry out the orders leave all as it was": `${standard}
    switchover          => prepare b
    gateway: prepared   => hold
    orders: fail        => rest
    gateway: drained    => call off
    b: copied 130       => rest
    gateway: serving    => rest
    orders: work        => rest
    after 5s            => prepare b`,

  "a primary that dies before a move ends is followed as ever": `${standard}
    switchover          => prepare b
    gateway: prepared   => hold
    a: ended            => appoint b
    b: running          => publish b
    gateway: serving    => rest
    a: running          => rest
    a: copied 200       => settle`,

  "a replica that dies before a move ends ends the move": `${standard}
    switchover          => prepare b
    gateway: prepared   => hold
    b: ended            => rest
    b: running          => call off
    gateway: serving    => rest
    b: copied 300       => rest
    after 5s            => prepare b`,

  "a cache alone keeps its primary": `
    agent: running      => publish a
    gateway: serving    => settle
    a: running          => settled`,

  "a primary that is to be restarted hands over first": `${standard}
    reboot a            => prepare b
    gateway: prepared   => hold
    gateway: drained    => hand over to b
    b: running          => rest
    gateway: serving    => relieved
    a: ended            => rest
    a: running          => restarted a
    a: running          => rest
    a: copied 150       => settle`,

  "a replica that is restarted comes back": `${standard}
    reboot b            => rest
    b: ended            => rest
    b: running          => restarted b
    b: running          => rest
    b: copied 150       => settle`,

  "one replica more": `${standard}
    replicas 2          => add c
    c: starting         => rest
    c: running          => rest
    a: running          => rest
    b: running          => rest
    c: copied 100       => settle`,

  "one replica less": `
    create 3 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => rest
    c: running          => rest
    c: copied 100       => settle
    replicas 1          => drop c
    a: running          => settle`,

  "a cache alone gets a replica and keeps its data": `
    agent: running      => publish a
    gateway: serving    => settle
    replicas 1          => add b
    b: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: copied 100       => settle`,

  "a size that the hosts have room for is changed in place": `${standard}
    room: a             => settled
    room: b             => settled
    size 1              => resize a
    a: running          => resize b
    b: copied 110       => rest
    gateway: serving    => settle`,

  "a size that a host has no room for moves the nodes, the primary last": `${standard}
    size 1              => add c
    c: running          => rest
    c: copied 100       => rest
    gateway: serving    => drop b
    a: running          => add d
    d: running          => rest
    d: copied 100       => prepare c
    gateway: prepared   => hold
    gateway: drained    => hand over to c
    gateway: serving    => rest
    d: copied 130       => drop a
    gateway: serving    => settle`,

  "a host that is to be emptied": `${standard}
    host-a: draining    => add c
    c: running          => rest
    c: copied 100       => prepare b
    gateway: prepared   => hold
    gateway: drained    => hand over to b
    gateway: serving    => rest
    c: copied 120       => drop a
    c: copied 120       => settle`,

  "where all nodes have to go, the one without a copy goes first": `${standard}
    host-b: draining    => add c
    c: running          => rest
    host-a: draining    => rest
    host-c: draining    => drop c
    gateway: serving    => add d
    d: running          => rest
    d: copied 100       => drop b
    a: running          => add e
    e: running          => rest
    e: copied 110       => prepare e
    gateway: prepared   => hold
    gateway: drained    => hand over to e
    gateway: serving    => rest
    d: copied 120       => drop a
    gateway: serving    => settle`,

  "an emptied host takes a cache alone with it, and nothing is lost": `
    agent: running      => publish a
    gateway: serving    => settle
    after 5s            => settled
    host-a: draining    => add b
    b: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: copied 10        => prepare b
    gateway: prepared   => hold
    gateway: drained    => hand over to b
    gateway: serving    => drop a
    b: running          => settle`,

  "replicas that may be read from": `${standard}
    readers on          => readers b
    gateway: serving    => settle
    b: ended            => readers none
    gateway: serving    => settled
    b: running          => settled
    b: copied 120       => readers b
    gateway: serving    => settled
    a: ended            => appoint b
    b: running          => publish b
    gateway: serving    => rest
    a: running          => rest
    a: copied 130       => readers a
    gateway: serving    => settle`,

  "where writes are durable, every replica is waited for": `
    create 3 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => rest
    c: running          => rest
    c: copied 100       => settle
    durable on          => rest
    gateway: serving    => settle
    after 5s            => settled
    c: silent           => settled
    a: ended            => settled
    after 10s           => settled
    c: copied 120       => stop all, after a
    c: copied 120       => appoint c
    c: running          => publish c
    gateway: serving    => rest
    b: copied 130       => rest
    a: running          => rest
    a: copied 130       => settle`,

  "where writes are durable, one whose copy was whole only just before the end is asked, too": `
    create 3 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => rest
    c: running          => rest
    c: copied 100       => settle
    durable on          => rest
    gateway: serving    => settle
    after 5s            => settled
    c: ended            => settled
    c: running          => settled
    c: deaf             => settled
    a: ended            => stop all, after a
    b: copied 100       => rest
    c: copied 120       => rest
    c: hears            => appoint c
    c: running          => publish c
    gateway: serving    => rest
    b: copied 130       => rest
    a: running          => rest
    a: copied 130       => settle`,

  "a replica whose agent is only finding it may have the most": `
    create 3 nodes      => rest
    a: running          => appoint a
    a: running          => publish a
    gateway: serving    => rest
    b: running          => rest
    b: copied 100       => rest
    c: running          => rest
    c: copied 100       => settle
    after 5s            => settled
    c: starting         => settled
    a: ended            => stop all, after a
    b: copied 100       => rest
    after 1s            => appoint b`,

  "without room for one more, a host is not emptied": `${standard}
    room: none          => settled
    host-a: draining    => rest
    after 100s          => rest`,
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
