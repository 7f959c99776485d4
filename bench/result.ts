/** Results stand in bench/results/, each kind under one name: their history is the repository's. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes `name.json` and `name.txt`, and prints the text. */
export function writeResult(name: string, result: object, text: string): void {
  const directory = join(import.meta.dir, "results");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(join(directory, `${name}.txt`), `${text}\n`);
  console.log(text);
}
