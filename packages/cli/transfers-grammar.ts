/** The grammar of the commands that move a cache's data. */
import { type Command, Option } from "commander";
import type { Wish } from "./commands/transfers.ts";
import { dataDirOption, examples, groupOption, jsonOption, noWaitOption, wholeNumber } from "./options.ts";

const valueTypes = ["string", "list", "set", "zset", "hash", "stream", "module"];
const wishes: Record<Wish, string> = {
  cancel: "Cancel a transfer. The cache is as it was, but for what a merge has added.",
  pause: "Pause a migration, or its way back.",
  resume: "Let it go on.",
  cutover: "Let a migration take over as soon as nothing is left to copy.",
};

export function addTransfers(program: Command): void {
  addImport(program);
  addExport(program);
  program
    .command("transfers <name>")
    .summary("list what was moved into a cache and out of it")
    .description("List imports, exports and migrations of a cache, the newest last.")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/transfers.ts")).listTransfers(name, options));
  addTransfer(program);
}

function addImport(program: Command): void {
  const command = program
    .command("import <name> <source...>")
    .summary("bring data into a cache from RDB files")
    .description(
      "Replace a cache's data by that of RDB files: of this machine, or by URL (file, https with a signature, azure, s3); @FILE and - are lists of those. The data goes into a new node that takes over at the end: until then the cache is as it was, and clients stay connected.",
    )
    .addOption(
      new Option("--merge [existing]", "add to the data that is there, and keep or replace keys that exist").choices([
        "keep",
        "replace",
      ]),
    );
  withKeyChoice(command)
    .addOption(noWaitOption())
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples(
        "larder import shop dump.rdb",
        "larder import shop dump.rdb --merge keep --prefix user:",
        "larder import shop @signed-urls.txt",
        "larder import shop s3://backups/shop.rdb.gz",
      ),
    )
    .action(async (name, sources, options) =>
      (await import("./commands/import.ts")).importData(name, sources, options),
    );
}

function addExport(program: Command): void {
  const command = program
    .command("export <name> <target>")
    .summary("write a cache's data into an RDB file")
    .description(
      "Write what a cache holds at one moment into an RDB file: of this machine, or by URL (file, https with a signature, azure, s3); @FILE and - have the URL in them. The cache goes on serving.",
    )
    .option("--gzip", "compress it; so does a name that ends with .gz")
    .addOption(
      new Option("--rdb-version <number>", "for an older engine: the version of the file's format").argParser(
        wholeNumber,
      ),
    )
    .option("--force", "replace a file that exists");
  withKeyChoice(command)
    .addOption(noWaitOption())
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .addHelpText("after", examples("larder export shop shop.rdb", "larder export shop s3://backups/shop.rdb.gz"))
    .action(async (name, target, options) => (await import("./commands/export.ts")).exportData(name, target, options));
}

function addTransfer(program: Command): void {
  const transfer = program
    .command("transfer")
    .summary("show, watch or cancel a transfer")
    .description("Show, watch, cancel or steer what is being moved into a cache or out of it.");
  transfer.helpCommand(false);
  transfer
    .command("show <name> [id]")
    .description("Show one transfer: how far it is, or what came of it.")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, id, options) => (await import("./commands/transfers.ts")).showTransfer(name, id, options));
  transfer
    .command("watch <name> [id]")
    .description("Show how far it is, until it is over. Ctrl-C leaves it alone.")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, id, options) => (await import("./commands/transfers.ts")).watch(name, id, options));
  for (const [wish, text] of Object.entries(wishes))
    transfer
      .command(`${wish} <name> [id]`)
      .description(text)
      .addOption(groupOption())
      .addOption(dataDirOption())
      .addOption(jsonOption())
      .action(async (name, id, options) =>
        (await import("./commands/transfers.ts")).askTransfer(wish as Wish, name, id, options),
      );
}

/** Which keys are moved or compared. */
export function withKeyChoice(command: Command): Command {
  const database = (text: string, before: number[] | undefined) => [...(before ?? []), wholeNumber(text)];
  return command
    .option("--prefix <text...>", "only keys that begin so")
    .addOption(new Option("--type <type...>", "only keys of these types").choices(valueTypes))
    .addOption(
      new Option("--database <number...>", "only of these databases").argParser<number[] | undefined>(database),
    );
}
