/** The grammar of `larder log`. */
import { type Command, Option } from "commander";
import { examples, ofService, wholeNumber } from "./options.ts";

export function addLog(program: Command): void {
  const command = program.command("log [name]").summary("show who has changed what");
  const text =
    "Show who has changed or done what through the API: everywhere, or to one resource, which may be gone. The newest is last. Calls that were refused are in the controller's audit.log.";
  ofService(command, text)
    .option("--resource-group <name>", "only in this group")
    .option("--since <time>", "from 90m, 6h or 7d ago, or from a time such as 2026-11-22T08:00Z", "1d")
    .addOption(new Option("--status <status>", "only what ended so").choices(["succeeded", "accepted", "failed"]))
    .option("--caller <who>", "only what this user or application did, by name or object id")
    .addOption(new Option("-n, --number <count>", "how many at most").default(50).argParser(wholeNumber))
    .addHelpText(
      "after",
      examples("larder log", "larder log shop --since 7d", "larder log --caller ada --status failed"),
    )
    .action(async (name, options) => (await import("./commands/log.ts")).log(name, options));
}
