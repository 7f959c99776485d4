/**
 * A cursor between a ring and a history that are never quite of the same time: whatever order they come in, each kept message is told
 * once and in order, or a gap is.
 */
import { expect, test } from "bun:test";
import { randomInt } from "node:crypto";
import { type Delivery, Entry, isGap } from "./entry.ts";
import { HistoryCursor } from "./history-cursor.ts";
import { Ring } from "./ring.ts";
import type { Page } from "./stream-log.ts";

const seed = Number(process.env["LARDER_SEED"] ?? randomInt(2 ** 31));

test(`seed ${seed}`, () => {
  const random = randomFrom(seed);
  for (let round = 0; round < 300; round++) play(random);
});

function play(random: (below: number) => number): void {
  const history: Entry[] = [];
  const unheard: Entry[] = [];
  const pending: (() => void)[] = [];
  const ring = new Ring({ entriesMax: 6, bytesMax: 1_000 }, "0-0");
  let trimmed = 0;
  const pageAfter = (after: string): Page => {
    const position = Number.parseInt(after, 10);
    const rest = history.slice(trimmed).filter(({ id }) => Number.parseInt(id as string, 10) > position);
    const entries = rest.slice(0, 4);
    return { after, entries, isComplete: rest.length < 4, last: history.at(-1)?.id ?? "0-0" };
  };
  const cursor: HistoryCursor = new HistoryCursor(
    {
      ring,
      isOpen: true,
      read: (after, onPage) => {
        const ask = () => {
          const page = pageAfter(after);
          pending.push(() => onPage(page));
        };
        if (random(2) === 0) ask();
        else pending.push(ask);
      },
      wake: () => {},
      leave: () => {},
    },
    "now",
  );
  const told: Delivery[] = [];
  const take = () => {
    for (let next = cursor.take(); next !== null; next = cursor.take()) told.push(next);
  };
  const hear = () => {
    const entry = unheard.shift();
    if (entry === undefined || random(8) === 0) return;
    if (entry.previous !== ring.position) ring.clear(entry.previous as string);
    ring.push(entry);
  };
  const steps = [
    () => {
      const number = history.length + 1;
      const entry = new Entry(`${number}-0`, `${number - 1}-0`, Buffer.from("1"));
      history.push(entry);
      unheard.push(entry);
    },
    hear,
    hear,
    () => pending.shift()?.(),
    take,
    () => {
      if (random(10) === 0) trimmed = Math.min(history.length, trimmed + random(5));
    },
  ];
  for (let step = 0; step < 200; step++) steps[random(steps.length)]?.();
  do {
    hear();
    pending.shift()?.();
    take();
  } while (unheard.length > 0 || pending.length > 0);
  check(told, history, trimmed, ring);
}

/** Each message follows the one before it, unless a gap says that some are missing; none that is still kept is. */
function check(told: Delivery[], history: Entry[], trimmed: number, ring: Ring): void {
  let after = 0;
  for (const delivery of told) {
    const at = Number.parseInt(delivery.id as string, 10);
    expect(at).toBeGreaterThan(after);
    if (isGap(delivery)) expect(at).toBeLessThanOrEqual(trimmed);
    else expect(at).toBe(after + 1);
    after = at;
  }
  const heard = Number.parseInt(ring.position, 10);
  expect(after).toBeGreaterThanOrEqual(Math.min(heard, history.length));
}

function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
