/** The grammar of `larder role …`. */
import type { Command } from "commander";
import { examples, ofService } from "./options.ts";

const commands = () => import("./commands/role.ts");

export function addRole(program: Command): void {
  const role = program
    .command("role")
    .summary("say who may manage what")
    .description(
      "Say who may manage what: roles, and who has which, on everything, on a resource group or on one cache. Who uses a cache's data is another matter.",
    )
    .addHelpText(
      "after",
      examples(
        "larder role assign Reader 4c1b…",
        'larder role assign "Redis Cache Contributor" 4c1b… --resource-group web',
        'larder role create Keeper --action "Microsoft.Cache/redis/*" --except "Microsoft.Cache/redis/delete"',
      ),
    );
  role.helpCommand(false);
  onScope(role.command("list").alias("ls"), "List who has which role: on what is named, above it and in it.")
    .option("--principal <id>", "of this principal only")
    .action(async (options) => (await commands()).listAssignments(options));
  onScope(role.command("assign <role> <principal>"), "Give a role to somebody: the object id that their tokens name.")
    .option("--service", "it is a program, not a person")
    .option("--description <text>", "why")
    .action(async (name, principal, options) => (await commands()).assignRole(name, principal, options));
  onScope(role.command("unassign <role> <principal>"), "Take a role away. It counts from the next call on.").action(
    async (name, principal, options) => (await commands()).unassignRole(name, principal, options),
  );
  ofService(role.command("definitions"), "List the roles that there are.")
    .option("--custom", "only those that are not built in")
    .action(async (options) => (await commands()).listDefinitions(options));
  onScope(role.command("create <role>"), "Make a role, or change one: what it allows, and where it can be assigned.")
    .requiredOption("--action <action...>", "what it allows, with * for anything")
    .option("--except <action...>", "what it does not allow all the same")
    .option("--description <text>", "what it is for")
    .action(async (name, options) => (await commands()).createRole(name, options));
  ofService(role.command("delete <role>").alias("rm"), "Delete a role that nobody has.").action(async (name, options) =>
    (await commands()).deleteRole(name, options),
  );
}

function onScope(command: Command, text: string): Command {
  return ofService(command, text)
    .option("--cache <name>", "on this cache")
    .option("--resource-group <name>", "on this group");
}
