/** Completion of command names and subcommands, from what the engine says of itself (COMMAND). */
import { itemsOf, type Reply, textOf } from "./reply.ts";

/** Where an entry of COMMAND's reply has its subcommands, since engine version 7. */
const subcommandsIndex = 9;

/** Lower case: "get", "config", "config get". */
export function readCommandNames(reply: Reply): string[] {
  const names: string[] = [];
  for (const entry of itemsOf(reply)) {
    const fields = itemsOf(entry);
    names.push(textOf(fields[0]) ?? "");
    for (const subcommand of itemsOf(fields[subcommandsIndex]))
      names.push((textOf(itemsOf(subcommand)[0]) ?? "").replace("|", " "));
  }
  return names.filter((name) => name !== "").sort();
}

/** What the line can become, in the case in which it was begun. Subcommands come once their command is written. */
export function completeLine(line: string, names: readonly string[]): string[] {
  const begun = line.trimStart().toLowerCase().replace(/\s+/g, " ");
  const help = /^help /.exec(begun)?.[0] ?? "";
  const typed = begun.slice(help.length);
  const isSubcommand = typed.includes(" ");
  const matches = names.filter((name) => name.startsWith(typed) && name.includes(" ") === isSubcommand);
  const isUpperCase = line !== line.toLowerCase();
  return matches.map((name) => help + (isUpperCase ? name.toUpperCase() : name));
}
