/** The grammar of the commands that run the service: `up`, `status`, `agent`, `host`, `secrets`. */
import { type Command, Option } from "commander";
import { dataDirOption, examples, jsonOption } from "./options.ts";

export function addServiceCommands(program: Command): void {
  addService(program);
  addHosts(program);
  addSecrets(program);
}

function addService(program: Command): void {
  program
    .command("up")
    .summary("start the service here, until Ctrl-C")
    .description("Start the whole service on this machine and run it until Ctrl-C.")
    .addOption(dataDirOption())
    .addOption(withVariable("--host <address>", "listen on this address").default("127.0.0.1"))
    .addOption(
      withVariable(
        "--private-network <network...>",
        "serve caches with a private endpoint here, too: NAME=ADDRESS, or NAME=ADDRESS@NAMESPACE",
      ),
    )
    .addOption(withVariable("--api-port <port>", "port of the management API").default("8443"))
    .addOption(
      withVariable(
        "--identity <kind>",
        "embedded or off: be the identity provider, too (default: on a loopback --host)",
      ),
    )
    .addOption(withVariable("--identity-port <port>", "port of the identity provider").default("8445"))
    .addOption(withVariable("--tls-port <port>", "port that all caches share, told apart by name").default("6380"))
    .addOption(withVariable("--port-base <port>", "first of the ports that caches have of their own").default("10000"))
    .addOption(
      withVariable(
        "--gateway-workers <number>",
        "processes that share the gateway's work (default: 1 on up to 2 cores, else half the cores, at most 8)",
      ),
    )
    .addOption(withVariable("--hosts <number>", "run so many hosts here, for development").default("1"))
    .addOption(
      withVariable(
        "--storage-root <directory...>",
        "folders beneath which imports and exports may have files (default: files in the data directory)",
      ),
    )
    .addOption(withVariable("--agent-host <address>", "let agents of other machines join, at this address"))
    .addOption(withVariable("--agent-port <port>", "port for them").default("8444"))
    .addOption(withVariable("--api-issuer <url...>", "take the tokens of these OpenID Connect issuers"))
    .addOption(
      withVariable(
        "--api-audience <audience...>",
        "issued for these (default: the API's own addresses and https://management.azure.com)",
      ),
    )
    .addOption(
      withVariable("--token-issuer <url...>", "let clients log in with the tokens of these OpenID Connect issuers"),
    )
    .addOption(
      withVariable(
        "--token-audience <audience...>",
        "issued for these (default: the two audiences of Azure's clients)",
      ),
    )
    .addOption(withVariable("--address <ip>", "where other hosts reach this one (default: --agent-host)"))
    .addOption(withVariable("--zone <name>", "the zone that this machine is in"))
    .addOption(engineOption())
    .addOption(enginePathOption())
    .addOption(
      withVariable(
        "--secrets-key-file <file>",
        "key that seals secrets on disk (default: secrets-key in the data directory)",
      ),
    )
    .addOption(withVariable("--domain <domain>", "under which caches have their names (default: larder.localhost)"))
    .addOption(withVariable("--cert-file <file>", "certificate of the API and the caches, watched for changes"))
    .addOption(withVariable("--key-file <file>", "its private key"))
    .addOption(
      withVariable("--ca-file <file>", "authorities of it, or of the ACME directory, that are not generally known"),
    )
    .addOption(withVariable("--acme-directory <url>", "get and renew the certificate there"))
    .addOption(withVariable("--acme-contact <email>", "address for notices of its owner"))
    .addOption(withVariable("--acme-eab-key-id <id>", "of the key by which it knows whose account it is"))
    .addOption(withVariable("--acme-eab-key-file <file>", "with that key (HMAC), in base64"))
    .addOption(withVariable("--acme-http-port <port>", "answer challenges here: what port 80 of the names leads to"))
    .addOption(withVariable("--acme-dns-hook <program>", "or let this program answer them in the DNS"))
    .addOption(withVariable("--acme-name <name...>", "names in it (default: the domain, and all names in it)"))
    .addOption(withVariable("--ready-file <file>", "write how to connect to this file once all is ready"))
    .addOption(noQuickstartOption())
    .addHelpText("after", examples("larder up", "larder up --engine embedded --data-dir ./larder-data"))
    .action(async (options) => (await import("./commands/up.ts")).up(options));
  program
    .command("status")
    .summary("show what is up and what is not")
    .description("Show the service, its daemons, engines and caches: what is up and what is not.")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (options) => (await import("./commands/status.ts")).status(options));
}

function addHosts(program: Command): void {
  program
    .command("agent")
    .summary("run this machine as a host of a service elsewhere")
    .description("Run this machine as a host of a service whose controller is elsewhere, until Ctrl-C. Engines run on.")
    .addOption(dataDirOption())
    .addOption(withVariable("--join <url>", "the controller's address, as `larder host add` prints it; kept"))
    .addOption(withVariable("--token-file <file>", "the file with the token, for the first start"))
    .addOption(withVariable("--address <ip>", "where other hosts reach this one; kept"))
    .addOption(withVariable("--zone <name>", "the zone that this machine is in; kept"))
    .addOption(withVariable("--name <name>", "what the host is called (default: the machine's name); kept"))
    .addOption(engineOption())
    .addOption(enginePathOption())
    .addHelpText(
      "after",
      examples(
        "larder agent --join https://10.0.0.1:8444 --token-file join-token --address 10.0.0.5 --zone 2",
        "larder agent",
      ),
    )
    .action(async (options) => (await import("./commands/agent.ts")).agent(options));
  const host = program.command("host").summary("list, add, drain or remove hosts").description("The service's hosts.");
  host.helpCommand(false);
  host
    .command("list")
    .alias("ls")
    .description("List the hosts, what they have and how they are.")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (options) => (await import("./commands/host.ts")).listHosts(options));
  host
    .command("add")
    .description("Print a token by which one machine may join, and what to run there.")
    .option("--address <ip>", "the machine's address, for the command that is printed")
    .option("--zone <name>", "its zone")
    .option("--name <name>", "its name")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (options) => (await import("./commands/host.ts")).addHost(options));
  host
    .command("drain <host>")
    .description("Move all nodes away from a host, and place none there.")
    .option("--undo", "let it have nodes again")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/host.ts")).drainHost(name, options));
  host
    .command("remove <host>")
    .alias("rm")
    .description("Remove a host that has no nodes. Its certificate is not accepted any more.")
    .option("--force", "also one that is silent and has nodes; what only it has is lost")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (name, options) => (await import("./commands/host.ts")).removeHost(name, options));
}

function addSecrets(program: Command): void {
  const secrets = program
    .command("secrets")
    .summary("renew the key that seals secrets on disk")
    .description("What the service seals on its disk.");
  secrets.helpCommand(false);
  secrets
    .command("rotate")
    .description("Make a new key, and seal everything anew with it. Nobody is disturbed.")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (options) => (await import("./commands/secrets.ts")).rotateSecrets(options));
}

function engineOption(): Option {
  return withVariable("--engine <kind>", "run engines of this kind: auto, native or embedded").default("auto");
}

function enginePathOption(): Option {
  return withVariable("--engine-path <file>", "the valkey-server or redis-server to run");
}

/** Not by `env()`: that takes a switch as given whatever the variable's value is. */
function noQuickstartOption(): Option {
  const text = "do not make the cache quickstart at the first start (env: LARDER_QUICKSTART=false)";
  return new Option("--no-quickstart", text).default(process.env["LARDER_QUICKSTART"] ?? true);
}

/** An option that an environment variable of the same name can give, too. */
function withVariable(flags: string, text: string): Option {
  const option = new Option(flags, text);
  return option.env(`LARDER_${option.name().replaceAll("-", "_").toUpperCase()}`);
}
