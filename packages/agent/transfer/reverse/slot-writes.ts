/**
 * What becomes of a batch where the other server is a cluster, in which a transaction has keys of one slot only. Pure.
 *
 *   keys of one slot              go to that slot, in their order
 *   keys of several               each slot gets its part, where there is one: DEL, UNLINK, MSET, what RENAME takes away
 *   FLUSHALL, FUNCTION, SCRIPT …  go to every primary, when all before them is done and nothing behind them has begun
 *   a value that goes from one slot to another, and whatever else cannot be parted, is left out, and counted by its name
 *
 * A transaction of the cache's becomes one for each slot: who reads there may see a part of it.
 */
import { keySlot } from "@larder/resp";
import type { NodeCommands } from "../migrate/node-commands.ts";
import { keepWanted, keyIndexes, textAt } from "../migrate/stream-keys.ts";
import { type Batch, wordsOf } from "./batches.ts";

export interface EndedCommand {
  words: Buffer[];
  /** The offset behind it. */
  end: number;
}

/** A place in the stream. */
export interface Reached {
  end: number;
  database: number;
}

export type ClusterStep =
  | { kind: "slots"; slots: Map<number, EndedCommand[]> }
  /** `before`: the place behind all that has to be done first. */
  | { kind: "everywhere"; command: EndedCommand; before: Reached };

export interface ClusterPlan {
  steps: ClusterStep[];
  /** How many commands of each name cannot be done there, or not as a whole. */
  leftOut: Map<string, number>;
}

const everywhere = new Set(["flushall", "flushdb", "function", "script"]);

export function planForCluster(batch: Batch, commands: NodeCommands): ClusterPlan {
  const plan: ClusterPlan = { steps: [], leftOut: new Map() };
  let behind = batch.start;
  for (const [index, words] of batch.commands.entries()) {
    const { end, database } = batch.places[index] ?? { end: batch.end, database: batch.databaseAfter };
    const command = { words, end };
    const name = textAt(words, 0);
    if (everywhere.has(name)) {
      // What lies between is of other databases, and is not written.
      plan.steps.push({ kind: "everywhere", command, before: { end: behind, database } });
    } else if (name !== "select" && !addToSlots(plan, command, commands))
      plan.leftOut.set(name, (plan.leftOut.get(name) ?? 0) + 1);
    behind = end;
  }
  return plan;
}

/** False where it cannot be done, or not all of it. */
function addToSlots(plan: ClusterPlan, { words, end }: EndedCommand, commands: NodeCommands): boolean {
  const keys = keyIndexes(words, textAt(words, 0), commands).map((index) => words[index] as Buffer);
  const slots = new Set(keys.map(keySlot));
  let isWhole = slots.size > 0;
  for (const slot of slots) {
    const kept = slots.size === 1 ? "whole" : keepWanted(words, commands, (key) => keySlot(key) === slot);
    if (kept === "impossible" || kept === "keyless") isWhole = false;
    else if (kept !== "nothing") add(plan, slot, { words: kept === "whole" ? words : wordsOf(kept.bytes), end });
  }
  return isWhole;
}

function add({ steps }: ClusterPlan, slot: number, command: EndedCommand): void {
  let step = steps.at(-1);
  if (step?.kind !== "slots") {
    step = { kind: "slots", slots: new Map() };
    steps.push(step);
  }
  const own = step.slots.get(slot);
  if (own === undefined) step.slots.set(slot, [command]);
  else own.push(command);
}
