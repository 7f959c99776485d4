/**
 * The grammar of the command line: which commands there are, their arguments and their help. What each does is in
 * `commands/`, loaded only when it is called.
 */
import { type Argument, Command, Option } from "commander";
import { accessKeysOption, addAccess, tokensOption } from "./access-grammar.ts";
import { addBackup } from "./backup-grammar.ts";
import { formatUsageError } from "./failure.ts";
import { addIdentity } from "./identity-grammar.ts";
import { addMigrate } from "./migrate-grammar.ts";
import { addNetwork, publicAccessOption } from "./network-grammar.ts";
import { addOperations } from "./operations-grammar.ts";
import { apiOption, dataDirOption, examples, groupOption, jsonOption } from "./options.ts";
import manifest from "./package.json" with { type: "json" };
import { addRole } from "./role-grammar.ts";
import { addServiceCommands } from "./service-grammar.ts";
import { systemTerminal } from "./terminal.ts";
import { addTransfers } from "./transfers-grammar.ts";

const snippetNames = ["node-redis", "ioredis", "redis-py", "stackexchange", "redis-cli", "env"];
const helpWidthMax = 100;

/** Throws CommanderError for bad usage, once it has told the person. */
export function createProgram(): Command {
  const { errColors } = systemTerminal();
  const program = new Command("larder")
    .description("Larder, a managed cache service on machines that you own.")
    .usage("<command> [options]")
    .version(manifest.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help of a command")
    .configureHelp({
      helpWidth: Math.min(helpWidthMax, process.stdout.columns || 80),
      subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(" "),
    })
    .configureOutput({ outputError: (text, write) => write(formatUsageError(text, errColors)) })
    .exitOverride()
    .addHelpText(
      "after",
      examples("larder up", "larder create sessions --sku C1", "larder connect sessions --for node-redis"),
    );
  addServiceCommands(program);
  addCaches(program);
  addUse(program);
  addOperations(program);
  addTransfers(program);
  addMigrate(program);
  addBackup(program);
  addRole(program);
  addAccess(program);
  addNetwork(program);
  addIdentity(program);
  for (const command of program.commands) addApiOption(command);
  return program;
}

/** To whatever asks a service, unless it has one of its own. */
function addApiOption(command: Command): void {
  for (const inner of command.commands) addApiOption(inner);
  const has = (name: string) => command.options.some((option) => option.long === name);
  if (has("--data-dir") && has("--json") && !has("--api")) command.addOption(apiOption());
}

function addCaches(program: Command): void {
  program
    .command("create <name>")
    .summary("make a cache")
    .description("Make a cache, and wait until it answers.")
    .option("--sku <size>", "its size: C0 to C6, Standard_C0 to Standard_C6, P1 to P5", "C0")
    .option("--replicas <number>", "how many copies a Premium cache keeps: 1 to 3; a Standard one has 1")
    .addOption(redisVersionOption())
    .option("--plain-port", "also open a port without TLS")
    .addOption(publicAccessOption())
    .addOption(durableWritesOption())
    .addOption(replicaReadsOption())
    .addOption(persistToOption())
    .option("--resource-group <name>", "the group that it belongs to", "default")
    .option("--location <place>", "where it is said to be", "local")
    .addOption(policyOption())
    .addOption(configOption())
    .addOption(tagOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples("larder create sessions", "larder create pages --sku C1 --policy allkeys-lru --tag team=web"),
    )
    .action(async (name, options) => (await import("./commands/create.ts")).create(name, options));
  program
    .command("list")
    .alias("ls")
    .summary("list the caches")
    .description("List all caches, or those of one resource group.")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (options) => (await import("./commands/list.ts")).list(options));
  program
    .command("show <name>")
    .summary("show one cache")
    .description("Show everything about one cache, but for its keys.")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/show.ts")).show(name, options));
  program
    .command("update <name>")
    .summary("change a cache")
    .description("Change what is given and leave the rest; wait until it is in force.")
    .option("--sku <size>", "its new size, or tier and size")
    .option("--replicas <number>", "how many copies a Premium cache keeps: 1 to 3")
    .option("--accept-eviction", "with a smaller size: evict keys where the data does not fit")
    .addOption(redisVersionOption())
    .option("--plain-port", "open a port without TLS")
    .option("--no-plain-port", "close it")
    .addOption(publicAccessOption())
    .addOption(durableWritesOption())
    .addOption(replicaReadsOption())
    .addOption(persistToOption())
    .addOption(accessKeysOption())
    .addOption(tokensOption())
    .option("--untag <name...>", "remove tags")
    .addOption(policyOption())
    .addOption(configOption())
    .addOption(tagOption())
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples(
        "larder update pages --sku C3",
        "larder update pages --policy allkeys-lfu",
        "larder update pages --untag team",
      ),
    )
    .action(async (name, options) => (await import("./commands/update.ts")).update(name, options));
  program
    .command("delete <name>")
    .alias("rm")
    .summary("delete a cache and its data")
    .description("Delete a cache and all data in it. Asks first.")
    .option("-y, --yes", "do not ask")
    .addOption(groupOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/delete.ts")).deleteCache(name, options));
}

function addUse(program: Command): void {
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

function redisVersionOption(): Option {
  return new Option("--redis-version <version>", "the engine: latest, or a version of Redis such as 7.0");
}

function durableWritesOption(): Option {
  return new Option("--durable-writes <switch>", "answer a write only once a replica has it").choices(["on", "off"]);
}

function replicaReadsOption(): Option {
  return new Option("--replica-reads <switch>", "let replicas answer reads while there is no primary").choices([
    "on",
    "off",
  ]);
}

function persistToOption(): Option {
  const text = "where what persistence keeps is copied to: a path of the hosts, a URL, @FILE, or off";
  return new Option("--persist-to <storage>", text);
}

function policyOption(): Option {
  return new Option("--policy <name>", "what to evict when memory is full, such as allkeys-lru");
}

function configOption(): Option {
  return new Option("--config <name=value...>", "settings of redisConfiguration; name=@FILE takes what the file has");
}

function tagOption(): Option {
  return new Option("--tag <name=value...>", "tags to set");
}

function argumentTerm(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${name}>` : `[${name}]`;
}
