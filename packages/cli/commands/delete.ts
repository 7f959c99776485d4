/** `larder delete NAME`: removes a cache and its data, once somebody has agreed. */
import { createInterface } from "node:readline/promises";
import { findCache } from "../cache-lookup.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { CommandError } from "../failure.ts";
import type { Terminal } from "../terminal.ts";

export interface DeleteOptions extends CommonOptions {
  resourceGroup?: string;
  yes?: boolean;
}

export async function deleteCache(name: string, options: DeleteOptions): Promise<void> {
  const { client, during, print, terminal } = openContext(options);
  const { cache, at } = await findCache(client, name, options.resourceGroup);
  if (!options.yes && !(await isAgreed(cache.name, terminal))) {
    print({ name: cache.name, deleted: false }, () => "Nothing was deleted.\n");
    return;
  }
  await during(`Deleting ${cache.name}`, () => client.deleteCache(at));
  print({ name: cache.name, deleted: true }, () => `${terminal.colors.green("Deleted")} ${cache.name}\n`);
}

async function isAgreed(name: string, terminal: Terminal): Promise<boolean> {
  if (!terminal.isInTerminal || !terminal.isErrTerminal)
    throw new CommandError(
      "InvalidParameter",
      `Deleting ${name} needs your word, and nobody can be asked here.`,
      "add --yes",
    );
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`Delete ${terminal.errColors.bold(name)} and all data in it? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    terminal.err("\n");
    return false;
  } finally {
    prompt.close();
  }
}
