/**
 * One client publishes numbers on a channel, others are subscribed to it, by name and by pattern. They get the numbers in
 * order and none twice, and while nothing is disturbed every one.
 */
import type { LoadContext } from "../load.ts";
import { Subscriber } from "../subscriber.ts";

const turnsOfOne = 80;

export async function publishing(context: LoadContext): Promise<void> {
  const { name, random, openSession, turn } = context;
  const publisher = openSession();
  const published = new Map<string, number[]>();
  const subscribers = [
    new Subscriber(context, openSession(), { command: "PSUBSCRIBE", channel: `chaos:news:${name}:*` }, published),
    new Subscriber(context, openSession(), { command: "SUBSCRIBE", channel: `chaos:news:${name}:0` }, published),
  ];
  let isOver = false;
  for (let generation = 0; !isOver; generation++) {
    const channel = `chaos:news:${name}:${generation}`;
    const known: number[] = [];
    published.clear();
    published.set(channel, known);
    let isSpoiled = false;
    let next = 1;
    for (let each = 0; each < turnsOfOne && !isOver && !isSpoiled; each++) {
      isOver = !(await turn());
      for (const subscriber of subscribers) await subscriber.ensure();
      const numbers = Array.from({ length: 1 + random(6) }, () => next++);
      const outcomes = await publisher.pipeline(
        numbers.map((number) => ["PUBLISH", channel, `${channel}#${number}#${"x".repeat(random(300))}`]),
      );
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.kind === "reply") known.push(numbers[index] as number);
        if (outcome.kind === "unknown" && outcome.mayComeLate) isSpoiled = true;
      }
    }
  }
}
