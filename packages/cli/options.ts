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

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}\n`).join("")}`;
}
