/**
 * The grammar of the command line: which commands there are, by subject. Arguments and help of each subject's are in its `…-grammar.ts`;
 * what a command does is in `commands/`, loaded only when it is called.
 */
import { type Argument, Command } from "commander";
import { addAccess } from "./access-grammar.ts";
import { addBackup } from "./backup-grammar.ts";
import { addCaches } from "./cache-grammar.ts";
import { formatUsageError } from "./failure.ts";
import { addIdentity } from "./identity-grammar.ts";
import { addLog } from "./log-grammar.ts";
import { addMigrate } from "./migrate-grammar.ts";
import { addNetwork } from "./network-grammar.ts";
import { addOperations } from "./operations-grammar.ts";
import { apiOption, examples } from "./options.ts";
import manifest from "./package.json" with { type: "json" };
import { addRole } from "./role-grammar.ts";
import { addServiceCommands } from "./service-grammar.ts";
import { systemTerminal } from "./terminal.ts";
import { addTransfers } from "./transfers-grammar.ts";
import { addUse } from "./use-grammar.ts";

const helpWidthMax = 100;

/** As help shows them, under these headings. */
const subjects: Record<string, readonly ((program: Command) => void)[]> = {
  "The service:": [addServiceCommands, addLog],
  "Caches:": [addCaches, addUse],
  "Operating a cache:": [addOperations],
  "Data in and out:": [addTransfers, addMigrate, addBackup],
  "Who may use a cache:": [addAccess, addNetwork],
  "Who may manage the service:": [addRole, addIdentity],
};

/** Throws CommanderError for bad usage, once it has told the person. */
export function createProgram(): Command {
  const { errColors } = systemTerminal();
  const program = new Command("larder")
    .description("Larder, a managed cache service on machines that you own.")
    .usage("<command> [options]")
    .version(manifest.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
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
  for (const [heading, adds] of Object.entries(subjects)) {
    program.commandsGroup(heading);
    for (const add of adds) add(program);
  }
  for (const command of program.commands) addApiOption(command);
  return program.commandsGroup("Help:").helpCommand("help [command]", "print help of a command");
}

/** To whatever asks a service, unless it has one of its own. */
function addApiOption(command: Command): void {
  for (const inner of command.commands) addApiOption(inner);
  const has = (name: string) => command.options.some((option) => option.long === name);
  if (has("--data-dir") && has("--json") && !has("--api")) command.addOption(apiOption());
}

function argumentTerm(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${name}>` : `[${name}]`;
}
