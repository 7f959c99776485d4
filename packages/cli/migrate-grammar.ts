/** The grammar of `larder migrate`. */

import { type Command, InvalidArgumentError, Option } from "commander";
import type { Wish } from "./commands/transfers.ts";
import { dataDirOption, examples, groupOption, jsonOption, wholeNumber } from "./options.ts";
import { withKeyChoice } from "./transfers-grammar.ts";

const wishes: Record<Wish, string> = {
  pause: "Follow the source no longer, and keep the place.",
  resume: "Go on from there.",
  cutover: "Let the cache take over as soon as nothing is left to copy.",
  cancel: "Give it up. The cache is as it was.",
};

export function addMigrate(program: Command): void {
  const command = program
    .command("migrate")
    .argument("[source]", "redis://user@host:port")
    .summary("move the data of another server into a cache")
    .description(
      "Move the data of a running Redis or Valkey into a cache: all of it, then what changes, until the cache takes over. The old server goes on serving. A source is redis://[user@]host:port, rediss:// with TLS, redis+sentinel://host:port/NAME or redis+cluster://host,host; its password comes from --password-file, LARDER_SOURCE_PASSWORD or a question.",
    )
    .option("--to <name>", "the cache; its data is replaced")
    .addOption(
      new Option("--cut-over <when>", "by itself, or at your word").choices(["auto", "manual"]).default("auto"),
    )
    .addOption(
      new Option("--method <how>", "by replication, or key by key")
        .choices(["auto", "replication", "scan"])
        .default("auto"),
    )
    .addOption(
      new Option(
        "--pace <rate>",
        "how fast it is copied: auto (the old server answers others as before), full, or megabytes a second",
      ).argParser(paceOf),
    )
    .option("--pause-source", "hold the source's writes while the cache takes over")
    .addHelpText(
      "after",
      examples(
        "larder migrate redis://old.example:6379 --to shop",
        "larder migrate rediss://mover@old.example --to shop --ca ca.pem --cut-over manual",
        "larder migrate cutover shop",
        "larder migrate verify shop redis://old.example:6379 --sample 10000",
      ),
    )
    .action(async (source: string | undefined, options) => {
      if (source === undefined || options.to === undefined) return command.help({ error: true });
      await (await import("./commands/migrate.ts")).migrate(source, options);
    });
  command.helpCommand(false);
  withCommon(withServer(withKeyChoice(command)));
  addSteering(command);
  addAfterwards(command);
}

function addSteering(command: Command): void {
  withCommon(command.command("status <name>").description("Show how far a migration is, until it is over.")).action(
    async (name, _, self: Command) =>
      (await import("./commands/transfers.ts")).watch(name, undefined, self.optsWithGlobals()),
  );
  for (const [wish, text] of Object.entries(wishes))
    withCommon(command.command(`${wish} <name>`).description(text)).action(async (name, _, self: Command) =>
      (await import("./commands/transfers.ts")).askTransfer(wish as Wish, name, undefined, self.optsWithGlobals()),
    );
}

function addAfterwards(command: Command): void {
  const verify = command
    .command("verify <name> <other>")
    .description("Compare the cache with another server, or with an RDB file by its URL: all keys, or some.")
    .addOption(new Option("--sample <keys>", "so many, by chance").argParser(wholeNumber));
  withCommon(withServer(withKeyChoice(verify))).action(async (name, other, _, self: Command) =>
    (await import("./commands/migrate.ts")).verify(name, other, self.optsWithGlobals()),
  );
  const reverse = command
    .command("reverse <name> <other>")
    .description("Write what changes in the cache since its migration to the old server, so that there is a way back.");
  withCommon(withServer(withKeyChoice(reverse))).action(async (name, other, _, self: Command) =>
    (await import("./commands/migrate.ts")).reverse(name, other, self.optsWithGlobals()),
  );
}

function withCommon(command: Command): Command {
  return command.addOption(groupOption()).addOption(dataDirOption()).addOption(jsonOption());
}

function paceOf(text: string): "auto" | "full" | number {
  if (text === "auto" || text === "full") return text;
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text) * 1_000_000;
  throw new InvalidArgumentError("It is auto, full, or a whole number of megabytes a second.");
}

function withServer(command: Command): Command {
  return command
    .option("--password-file <file>", "has the server's password")
    .option("--ask-password", "ask for the password of a server without users")
    .option("--ca <file>", "the authority that signed the server's certificate (PEM)")
    .option("--cert <file>", "our certificate, where the server wants one (PEM)")
    .option("--key <file>", "its key (PEM)")
    .option("--server-name <name>", "the name in the server's certificate")
    .option("--insecure", "take any certificate")
    .option("--no-wait", "return once it has begun");
}
