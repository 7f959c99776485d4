/** What the prompt shows of the connection's state, followed by the commands that succeed. Pure. */
import type { Reply } from "./reply.ts";

export interface PromptState {
  database: number;
  isTransaction: boolean;
  isResp3: boolean;
}

export const initialPromptState: PromptState = { database: 0, isTransaction: false, isResp3: false };

/** `args` in any case, as they were sent. */
export function afterCommand(state: PromptState, args: readonly string[], reply: Reply): PromptState {
  const command = args[0]?.toUpperCase();
  if (command === "EXEC" || command === "DISCARD") return { ...state, isTransaction: false };
  if (reply.kind === "error" || (reply.kind === "status" && reply.text === "QUEUED")) return state;
  if (command === "MULTI") return { ...state, isTransaction: true };
  if (command === "SELECT") return { ...state, database: Number(args[1] ?? 0) };
  if (command === "HELLO" && args[1] !== undefined) return { ...state, isResp3: args[1] === "3" };
  if (command === "RESET") return initialPromptState;
  return state;
}

export function formatPrompt(name: string, state: PromptState): string {
  const database = state.database === 0 ? "" : `[${state.database}]`;
  return `${name}${database}${state.isTransaction ? "(TX)" : ""}> `;
}
