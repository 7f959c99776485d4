/** The grammar of `larder backup …`. */
import { type Command, Option } from "commander";
import { examples, noWaitOption, ofCache, wholeNumber } from "./options.ts";

const storageText = "a URL (file, https with a signature, azure, s3), a path of the hosts, @FILE or -";
const commands = () => import("./commands/backup.ts");

export function addBackup(program: Command): void {
  const backup = program
    .command("backup")
    .summary("schedule, make, restore and verify backups")
    .description("Schedule, make, list, restore, verify and delete backups of a cache.")
    .addHelpText(
      "after",
      examples(
        "larder backup schedule shop --to s3://backups --every 6h --keep 14",
        "larder backup now shop",
        "larder backup verify shop latest",
        "larder backup restore shop 2026-11-22T00:00Z --to shop2",
      ),
    );
  backup.helpCommand(false);
  addSchedule(backup);
  ofCache(backup.command("now <name>"), "Make a backup now. The cache goes on serving.")
    .option("--to <storage>", `where it goes: ${storageText} (default: where those of the schedule go)`)
    .addOption(noWaitOption())
    .action(async (name, options) => (await commands()).backupNow(name, options));
  ofCache(backup.command("list [name]").alias("ls"), "List a cache's backups, or what a storage has, whoever made it.")
    .option("--from <storage>", storageText)
    .action(async (name, options) => (await commands()).listBackups(name, options));
  addRestore(backup);
  ofCache(
    backup.command("verify <name> <backup>"),
    "Restore a backup into a node of its own, which nobody uses, and compare what is there then with what was saved.",
  )
    .addOption(noWaitOption())
    .action(async (name, which, options) => (await commands()).verifyBackup(name, which, options));
  ofCache(backup.command("delete <name> <backup>").alias("rm"), "Delete a backup and its files. Asks first.")
    .option("-y, --yes", "do not ask")
    .action(async (name, which, options) => (await commands()).deleteBackup(name, which, options));
}

function addSchedule(backup: Command): void {
  ofCache(backup.command("schedule <name>"), "Show when backups are made, or have them made by themselves.")
    .option("--to <storage>", `where they go: ${storageText}`)
    .option("--every <time>", "how often: 30m, 6h, 1d (default: 1d)")
    .option("--at <time>", "from this time of the day on, in UTC: 03:30")
    .addOption(new Option("--keep <number>", "how many are kept (default: 14)").argParser(wholeNumber))
    .addOption(new Option("--keep-days <number>", "for how long; the newest good one always").argParser(wholeNumber))
    .option("--off", "make no more; those that were made stay")
    .action(async (name, options) => (await commands()).scheduleBackups(name, options));
}

function addRestore(backup: Command): void {
  ofCache(
    backup.command("restore <name> <backup>"),
    "Replace a cache's data by a backup's: its own or, with --to, another cache's, which is made where there is none. <backup> is the beginning of its name, or latest. Until the new data is whole the cache is as it was, and clients stay connected.",
  )
    .option("--to <cache>", "the cache that gets the data")
    .option("--from <storage>", `a storage that the service does not know: ${storageText}`)
    .addOption(noWaitOption())
    .action(async (name, which, options) => (await commands()).restoreBackup(name, which, options));
}
