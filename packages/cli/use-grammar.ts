/** The grammar of the commands by which a cache is used: its keys, code that connects, a prompt. */
import { type Command, Option } from "commander";
import { dataDirOption, examples, groupOption, jsonOption } from "./options.ts";

const snippetNames = ["node-redis", "ioredis", "redis-py", "stackexchange", "redis-cli", "env"];

export function addUse(program: Command): void {
  const keys = program
    .command("keys")
    .summary("list or renew access keys")
    .description("List or renew a cache's access keys.");
  keys.helpCommand(false);
  keys
    .command("list <name>")
    .description("List both access keys. Either is accepted.")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/keys.ts")).listKeys(name, options));
  keys
    .command("renew <name>")
    .description("Make a new access key. The old one is refused from then on.")
    .addOption(new Option("--key <which>", "the key to renew").choices(["primary", "secondary"]).default("primary"))
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/keys.ts")).renewKey(name, options));
  program
    .command("connect <name>")
    .summary("show how to connect, with code to paste")
    .description("Show where a cache is; with --for, print what can be pasted into a terminal to reach it.")
    .addOption(new Option("--for <client>", "the client to connect with").choices(snippetNames))
    .option("--code", "print the code alone, for a file")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples(
        "larder connect quickstart",
        "larder connect quickstart --for node-redis",
        'eval "$(larder connect quickstart --for env)"',
      ),
    )
    .action(async (name, options) => (await import("./commands/connect.ts")).connect(name, options));
  program
    .command("console <name> [command...]")
    .summary("open a prompt to a cache")
    .description("Open an interactive prompt to a cache, or run one command, or those on standard input.")
    .option("--resp3", "speak RESP3 from the start")
    .allowUnknownOption()
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples(
        "larder console quickstart",
        "larder console quickstart SET greeting hello",
        "larder console quickstart < commands.txt",
      ),
    )
    .action(async (name, command, options) =>
      (await import("./commands/console.ts")).openConsole(name, command, options),
    );
}
