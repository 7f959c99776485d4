/** How this command is called from here: lines that are printed to be copied must work in a clone, too. */
import { realpathSync } from "node:fs";
import { join, relative } from "node:path";

const program = join(import.meta.dirname, "../../bin/larder");

export function commandName(): string {
  const found = Bun.which("larder");
  if (found !== null && realpathSync(found) === realpathSync(program)) return "larder";
  const path = relative(process.cwd(), program);
  return path.startsWith("..") ? program : path;
}
