/** The grammar of `larder firewall …` and `larder endpoint …`. */
import { type Command, Option } from "commander";
import { dataDirOption, examples, jsonOption, ofCache } from "./options.ts";

const firewall = () => import("./commands/firewall.ts");
const endpoint = () => import("./commands/endpoint.ts");

export function addNetwork(program: Command): void {
  addFirewall(program);
  addEndpoint(program);
}

export function publicAccessOption(): Option {
  return new Option("--public-access <switch>", "off: reach it by private endpoints only").choices(["on", "off"]);
}

function addFirewall(program: Command): void {
  const command = program
    .command("firewall")
    .summary("say from which addresses a cache is reached")
    .description(
      "Say from which addresses a cache is reached: from any while it has no rules, else from those of its rules. A change counts at once, for clients that are connected, too.",
    )
    .addHelpText(
      "after",
      examples("larder firewall add shop office 203.0.113.0/24", "larder firewall remove shop office"),
    );
  command.helpCommand(false);
  ofCache(command.command("list <cache>").alias("ls"), "List the cache's rules.").action(async (name, options) =>
    (await firewall()).listRules(name, options),
  );
  ofCache(
    command.command("add <cache> <rule> <addresses>"),
    "Allow an address, FIRST-LAST or a network such as 10.0.0.0/8, or change a rule to it.",
  ).action(async (name, rule, addresses, options) => (await firewall()).addRule(name, rule, addresses, options));
  ofCache(
    command.command("remove <cache> <rule>").alias("rm"),
    "Remove a rule. Without any, every address is allowed.",
  ).action(async (name, rule, options) => (await firewall()).removeRule(name, rule, options));
}

function addEndpoint(program: Command): void {
  const command = program
    .command("endpoint")
    .summary("serve caches in private networks")
    .description(
      "Private endpoints: by one a cache is reached in a private network, whatever its firewall and --public-access say. The networks are those of `larder up --private-network`.",
    )
    .addHelpText(
      "after",
      examples("larder endpoint add shop-blue shop --network blue", "larder update shop --public-access off"),
    );
  command.helpCommand(false);
  ofCache(command.command("list [cache]").alias("ls"), "List private endpoints.").action(async (cache, options) =>
    (await endpoint()).listEndpoints(cache, options),
  );
  command
    .command("networks")
    .description("List the private networks that there are.")
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .action(async (options) => (await endpoint()).listNetworks(options));
  ofCache(command.command("add <endpoint> <cache>"), "Serve a cache in a private network.")
    .requiredOption("--network <name>", "the private network")
    .option("--ask [message]", "wait until the cache's owner approves it")
    .action(async (name, cache, options) => (await endpoint()).addEndpoint(name, cache, options));
  for (const [word, status, text] of [
    ["approve", "Approved", "Let a private endpoint reach the cache."],
    ["reject", "Rejected", "Keep a private endpoint from the cache; its clients are closed."],
  ] as const)
    ofCache(command.command(`${word} <cache> <endpoint>`), text)
      .option("--message <text>", "what its owner reads")
      .action(async (cache, name, options) =>
        (await endpoint()).answerEndpoint(status, { cache, endpoint: name }, options),
      );
  ofCache(
    command.command("remove <endpoint>").alias("rm"),
    "Remove a private endpoint; clients that are connected by it are closed.",
  ).action(async (name, options) => (await endpoint()).removeEndpoint(name, options));
}
