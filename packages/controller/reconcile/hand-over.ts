/**
 * The step of a planned move for which clients are held: the present primary yields, the target catches up and leads
 * (`AgentOrder`). Nothing of it is the truth until the caller has committed it; whatever goes wrong before, the present
 * primary is confirmed instead, and the target follows it again.
 */
import { agentsTransferId } from "../documents/transfer-document.ts";
import type { Orders } from "../orders/orders.ts";
import type { MoveAction } from "./plan/plan-move.ts";

/** The engine goes on by itself after so long without a word from the controller. */
const yieldMs = 10_000;
/** How long the target may take to have everything. It had nearly all before clients were held. */
const catchUpMs = 500;
const answerMs = 1_000;

/** Resolves with why it could not be done; undefined: the target leads. Safe to repeat. */
export async function handOver(
  { from, to, leader, transfer }: Extract<MoveAction, { type: "handOver" }>,
  orders: Pick<Orders, "give">,
): Promise<string | undefined> {
  try {
    const { hostId: oldHost, ...oldLife } = from;
    const yielded = await orders.give(oldHost, { ...oldLife, kind: "yield", yieldMs }, answerMs);
    if (yielded.error !== null || yielded.offset === null)
      return `The primary did not yield: ${yielded.error?.message ?? "it did not say how much it has"}`;
    const { hostId: newHost, ...newLife } = to;
    const order = {
      ...newLife,
      kind: "lead",
      leader,
      offset: yielded.offset,
      waitMs: catchUpMs,
      transferId: transfer && agentsTransferId(transfer),
    } as const;
    const led = await orders.give(newHost, order, answerMs);
    return led.error === null ? undefined : `The new primary did not take over: ${led.error.message}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
