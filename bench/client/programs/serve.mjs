/** A program that does what its bench asks: one line of JSON in, `[id, name, argument]`; one out, `[id, result]` or `[id, null, error]`. */
import { createInterface } from "node:readline";

export function serve(actions) {
  createInterface(process.stdin).on("line", async (line) => {
    const [id, name, argument] = JSON.parse(line);
    try {
      say([id, (await actions[name](argument)) ?? null]);
    } catch (error) {
      say([id, null, String(error?.stack ?? error)]);
    }
  });
  process.stdin.on("end", () => process.exit(0));
}

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
