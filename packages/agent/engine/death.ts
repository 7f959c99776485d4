/** Why an engine ended, by the end of its log. Pure. */
import { type ErrorCode, LarderError } from "@larder/api";

export function problemOfDeath(logTail: string): { code: ErrorCode; message: string } {
  const lines = logTail.trimEnd().split("\n");
  return { code: "EngineStartFailed", message: `The engine ended: ${lines.at(-1) || "it left no message"}` };
}

/** Of a step that failed. */
export function problemOf(error: unknown): { code: string; message: string } {
  const code = error instanceof LarderError ? error.code : "EngineStartFailed";
  return { code, message: error instanceof Error ? error.message : String(error) };
}
