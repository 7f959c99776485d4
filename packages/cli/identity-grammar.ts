/** The grammar of the commands about who may sign in, and of signing in. */
import { type Command, Option } from "commander";
import { apiOption, dataDirOption, examples, jsonOption } from "./options.ts";

export function addIdentity(program: Command): void {
  addPrincipals(program);
  addLogin(program);
}

function addPrincipals(program: Command): void {
  const principal = program
    .command("principal")
    .summary("list, add or remove who may sign in")
    .description("The users and applications of the service's own identity provider.");
  principal.helpCommand(false);
  principal
    .command("list")
    .alias("ls")
    .description("List the users and applications.")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (options) => (await import("./commands/principal.ts")).listPrincipals(options));
  principal
    .command("add <name>")
    .description("Add an application, whose secret is printed once, or a user. Roles say what they may do.")
    .option("--user", "a person, who signs in with a password")
    .option("--display-name <text>", "the name for people to read")
    .addOption(passwordFileOption())
    .option("--days <number>", "how long the secret of an application is good for (default: 365)")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .addHelpText("after", examples("larder principal add deploy", "larder principal add --user ada"))
    .action(async (name, options) => (await import("./commands/principal.ts")).addPrincipal(name, options));
  principal
    .command("remove <name>")
    .alias("rm")
    .description("Remove a user or an application, by name or id. Tokens that were made are good until they expire.")
    .option("-y, --yes", "do not ask")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/principal.ts")).removePrincipal(name, options));
  principal
    .command("renew-secret <name>")
    .description("Make another secret for an application, or set a user's password, which ends his sign-ins.")
    .option("--replace", "the application's other secrets are not accepted any more")
    .option("--days <number>", "how long the secret is good for (default: 365)")
    .addOption(passwordFileOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/principal.ts")).renewSecret(name, options));
}

function addLogin(program: Command): void {
  program
    .command("login")
    .summary("sign in, here or at a service elsewhere")
    .description("Sign in with a code in a browser, or as an application with its secret.")
    .addOption(apiOption())
    .option("--ca <file>", "the certificate authority of a service elsewhere (default: the system's)")
    .option("--issuer <url>", "the identity provider (default: the service's own)")
    .option("--client-id <id>", "the application (default: larder itself)")
    .option("--secret-file <file>", "sign in as the application, with the secret in this file")
    .option("--scope <text>", "what to ask another identity provider for")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples(
        "larder login",
        "larder login --api https://larder.example:8443 --ca ca.pem",
        "larder login --client-id 0e1a… --secret-file secret",
      ),
    )
    .action(async (options) => (await import("./commands/login.ts")).login(options));
  program
    .command("logout")
    .summary("forget who has signed in here")
    .description("Forget who has signed in here, and the tokens.")
    .addOption(jsonOption())
    .action(async (options) => (await import("./commands/login.ts")).logout(options));
  program
    .command("token")
    .summary("print an access token")
    .description("Print an access token of who has signed in: for the API, or, as a password, for caches.")
    .addOption(new Option("--resource <what>", "for what").choices(["api", "redis"]).default("api"))
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples("larder token", 'REDISCLI_AUTH="$(larder token --resource redis)" redis-cli --user ada'),
    )
    .action(async (options) => (await import("./commands/login.ts")).token(options));
}

function passwordFileOption(): Option {
  return new Option("--password-file <file>", "the file with a user's password; - is standard input");
}
