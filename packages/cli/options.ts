/** Options and help that many commands have. */
import { Option } from "commander";
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

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}\n`).join("")}`;
}
