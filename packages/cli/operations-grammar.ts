/** The grammar of the commands that operate a cache: its history, reboots, flushes, changes of the primary, updates. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { dataDirOption, examples, groupOption, jsonOption, noWaitOption } from "./options.ts";

const eventsMax = 1_000;

export function addOperations(program: Command): void {
  addHistory(program);
  addActions(program);
  addSchedule(program);
  addUpdates(program);
}

function addHistory(program: Command): void {
  program
    .command("events <name>")
    .summary("show what has happened to a cache")
    .description("Show what has happened to a cache: failovers, changes of the primary, updates, reboots; newest last.")
    .option("-f, --follow", "go on until Ctrl-C")
    .addOption(new Option("-n, --number <count>", "how many at most").default(50).argParser(eventCount))
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/events.ts")).events(name, options));
}

function addActions(program: Command): void {
  program
    .command("switchover <name>")
    .summary("let a replica take over as the primary")
    .description("Let a replica take over as the primary. Clients stay connected and see no error.")
    .addOption(noWaitOption())
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/switchover.ts")).switchover(name, options));
  program
    .command("reboot <name>")
    .summary("restart a cache's engines")
    .description(
      "Restart the primary's engine, once a replica has taken over. A cache without replicas loses its data: asks first.",
    )
    .option("--replica", "restart the replicas instead")
    .option("--all", "restart all nodes at once; all data is lost")
    .option("-y, --yes", "do not ask")
    .addOption(noWaitOption())
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/reboot.ts")).reboot(name, options));
  program
    .command("flush <name>")
    .summary("remove all keys of a cache")
    .description("Remove all keys of all databases of a cache. Asks first.")
    .option("-y, --yes", "do not ask")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/flush.ts")).flush(name, options));
}

function addSchedule(program: Command): void {
  program
    .command("schedule <name>")
    .summary("show or set when a cache's engine may be updated")
    .description(
      "Show or set the windows, in UTC, in which a cache's engine may be updated. Without any: at any time. A cluster takes two a week or more, of 18 hours together.",
    )
    .option("--add <window...>", 'add windows, such as "Sunday 02:00 5h"; also Everyday and Weekend')
    .option("--clear", "remove those that are there")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples('larder schedule shop --add "Sunday 02:00 5h"', 'larder schedule shop --clear --add "Everyday 3 6h"'),
    )
    .action(async (name, options) => (await import("./commands/schedule.ts")).schedule(name, options));
}

function addUpdates(program: Command): void {
  const updates = program
    .command("updates")
    .summary("list or start updates of engines")
    .description("List which caches have a newer engine before them; start, pause or resume a cache's update.");
  updates.helpCommand(false);
  updates
    .command("list", { isDefault: true })
    .description("List the caches with an older engine than their hosts have.")
    .option("--all", "list the others, too")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (options) => (await import("./commands/updates.ts")).listUpdates(options));
  updates
    .command("start <name>")
    .description(
      "Update a cache's engine now, whatever its schedule says. Clients stay connected where it has replicas.",
    )
    .addOption(noWaitOption())
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/updates.ts")).startUpdate(name, options));
  updates
    .command("pause <name>")
    .description("Begin no update of the cache until it is resumed.")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/updates.ts")).pauseUpdates(name, options));
  updates
    .command("resume <name>")
    .description("Let updates go on, as the schedule says, after a pause or after one that was given up.")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/updates.ts")).resumeUpdates(name, options));
}

function eventCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= eventsMax) return count;
  throw new InvalidArgumentError(`It takes a whole number from 1 to ${eventsMax}.`);
}
