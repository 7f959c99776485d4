/**
 * One client appends numbers to a list, another one waits for them there. They come in their order, none twice, and none
 * is missing but where a command's outcome was unknown.
 */
import { inspect } from "node:util";
import type { LoadContext } from "../load.ts";
import type { Session } from "../session.ts";
import { settled } from "../settled.ts";

const turnsOfOne = 60;

interface Queue {
  key: string;
  producer: Session;
  consumer: Session;
  /** Appended for certain, and not seen since. */
  known: Set<number>;
  taken: Set<number>;
  last: number;
  unknownPops: number;
  /** Its client was killed: what it had sent may come after all else. */
  isSpoiled: boolean;
}

export async function queue(context: LoadContext): Promise<void> {
  const { name, random, openSession, turn } = context;
  const producer = openSession();
  const consumer = openSession();
  let isOver = false;
  for (let generation = 0; !isOver; generation++) {
    const key = `chaos:queue:${name}:${generation}`;
    const one: Queue = {
      key,
      producer,
      consumer,
      known: new Set(),
      taken: new Set(),
      last: 0,
      unknownPops: 0,
      isSpoiled: false,
    };
    let next = 1;
    for (let each = 0; each < turnsOfOne && !isOver && !one.isSpoiled; each++) {
      isOver = !(await turn());
      const numbers = Array.from({ length: 1 + random(6) }, () => next++);
      // The consumer may be there first, and block.
      await Promise.all([
        push(one, numbers, random(random(4) === 0 ? 900 : 30)),
        pop(context, one, 1 + random(numbers.length)),
      ]);
    }
    await drain(context, one);
  }
}

async function push(one: Queue, numbers: readonly number[], delayMs: number): Promise<void> {
  await Bun.sleep(delayMs);
  const outcomes = await one.producer.pipeline(numbers.map((number) => ["RPUSH", one.key, `${one.key}#${number}`]));
  for (const [index, outcome] of outcomes.entries()) {
    const number = numbers[index] as number;
    if (outcome.kind === "reply" && !one.taken.has(number)) one.known.add(number);
    if (outcome.kind === "unknown" && outcome.mayComeLate) one.isSpoiled = true;
  }
}

async function pop(context: LoadContext, one: Queue, count: number): Promise<void> {
  for (let each = 0; each < count; each++) {
    const outcome = await one.consumer.ask("BLPOP", one.key, "1");
    if (outcome.kind === "unknown") one.unknownPops++;
    if (outcome.kind === "unknown" && outcome.mayComeLate) one.isSpoiled = true;
    if (outcome.kind !== "reply") return;
    if (outcome.reply === null) continue;
    const [key, value] = Array.isArray(outcome.reply) ? outcome.reply : [];
    if (key !== one.key) context.ledger.violation(context.name, `BLPOP ${one.key}: ${inspect(outcome.reply)}`);
    take(context, one, String(value));
  }
}

function take({ name, ledger }: LoadContext, one: Queue, value: string): void {
  const [key, number] = value.split("#");
  if (key !== one.key || !(Number(number) > one.last))
    ledger.violation(name, `${value} came from ${one.key} after ${one.last}`);
  one.last = Number(number);
  one.known.delete(one.last);
  one.taken.add(one.last);
}

async function drain(context: LoadContext, one: Queue): Promise<void> {
  // A pop of a client that was killed may still be on its way, and take what is counted here.
  const late = one.isSpoiled ? 1 : 0;
  const rest = await settled(one.producer, "LRANGE", one.key, "0", "-1");
  for (const value of Array.isArray(rest) ? rest : []) take(context, one, String(value));
  if (one.known.size > one.unknownPops + late)
    context.ledger.violation(
      context.name,
      `${one.known.size} of ${one.key} are missing, with ${one.unknownPops} unknown: ${[...one.known].slice(0, 5)}`,
    );
  await settled(one.producer, "DEL", one.key);
}
