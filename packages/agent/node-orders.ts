/** The agent's answer to an order, whatever becomes of it. */
import { type AgentAnswer, type AgentOrder, LarderError } from "@larder/api";
import { EngineRefused, EngineUnreachable } from "./engine/ask.ts";

/** A node as orders see it. */
interface OrderedNode {
  order(order: AgentOrder): Promise<number | null>;
}

/** Never rejects. */
export async function answerOrder(order: AgentOrder, node: OrderedNode | undefined): Promise<AgentAnswer> {
  const { orderId } = order;
  try {
    if (node === undefined) throw new LarderError("ResourceNotFound", "The host has no such node.");
    return { orderId, error: null, offset: await node.order(order) };
  } catch (error) {
    return { orderId, error: problemOf(error), offset: null };
  }
}

function problemOf(error: unknown): { code: string; message: string } {
  if (error instanceof LarderError) return { code: error.code, message: error.message };
  if (error instanceof EngineRefused) return { code: "Conflict", message: error.message };
  if (error instanceof EngineUnreachable)
    return { code: "OutcomeUnknown", message: "The engine was lost before it answered." };
  return { code: "InternalError", message: error instanceof Error ? error.message : String(error) };
}
