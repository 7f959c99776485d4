/** Why an engine ended, by the end of its log. Pure. */
import type { ErrorCode } from "@larder/api";

export function problemOfDeath(logTail: string): { code: ErrorCode; message: string } {
  const lines = logTail.trimEnd().split("\n");
  return { code: "EngineStartFailed", message: `The engine ended: ${lines.at(-1) || "it left no message"}` };
}
