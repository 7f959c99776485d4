/** A library of functions as the command that loads it. An engine of its own language may still refuse the source. */
import type { Command } from "./command-batch.ts";
import { verb } from "./words.ts";

export function functionCommand(code: Uint8Array, { replaces }: { replaces: boolean }): Command {
  return [verb("FUNCTION"), verb("LOAD"), ...(replaces ? [verb("REPLACE")] : []), code];
}
