/** Options and help that many commands have. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { defaultDataDirectory } from "./service-connection.ts";

export function groupOption(): Option {
  return new Option("--resource-group <name>", "look only in this group");
}

export function jsonOption(): Option {
  return new Option("--json", "print JSON");
}

export function dataDirOption(): Option {
  return new Option("--data-dir <directory>", "the service's data directory").default(
    defaultDataDirectory(),
    "$LARDER_DATA_DIR, ~/.larder",
  );
}

/** On all commands that ask the API: instead of the data directory. */
export function apiOption(): Option {
  const text = "the service at this address, after `larder login` there";
  return new Option("--api <url>", text).env("LARDER_API");
}

export function noWaitOption(): Option {
  return new Option("--no-wait", "return once it has begun");
}

/** What `command` does, and the options of whatever asks the service. */
export function ofService(command: Command, description: string): Command {
  return command.description(description).addOption(dataDirOption()).addOption(jsonOption());
}

/** Of a command on a cache, by its name. */
export function ofCache(command: Command, description: string): Command {
  return ofService(command.addOption(groupOption()), description);
}

export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It takes a whole number.");
}

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}\n`).join("")}`;
}
