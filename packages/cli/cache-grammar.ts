/** The grammar of the commands that make, show, change and delete caches. */
import { type Command, Option } from "commander";
import { accessKeysOption, tokensOption } from "./access-grammar.ts";
import { addClusterOptions, persistenceOption, zoneOption } from "./cluster-grammar.ts";
import { publicAccessOption } from "./network-grammar.ts";
import { dataDirOption, examples, groupOption, jsonOption } from "./options.ts";

export function addCaches(program: Command): void {
  const create = program
    .command("create <name>")
    .summary("make a cache")
    .description("Make a cache, and wait until it answers.")
    .option(
      "--sku <size>",
      "its size: C0 to C6, Standard_C0 to Standard_C6, P1 to P5; Balanced_B0 … makes a cluster",
      "C0",
    )
    .option("--replicas <number>", "how many copies a Premium cache keeps: 1 to 3; a Standard one has 1")
    .addOption(redisVersionOption())
    .option("--plain-port", "also open a port without TLS")
    .addOption(publicAccessOption())
    .addOption(accessKeysOption("let clients log in with an access key: on, unless it is off"))
    .addOption(durableWritesOption())
    .addOption(replicaReadsOption())
    .addOption(persistenceOption())
    .addOption(persistToOption())
    .addOption(zoneOption())
    .option("--resource-group <name>", "the group that it belongs to", "default")
    .option("--location <place>", "where it is said to be", "local")
    .addOption(policyOption())
    .addOption(configOption())
    .addOption(tagOption())
    .addOption(dataDirOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples(
        "larder create sessions",
        "larder create pages --sku C1 --policy allkeys-lru --tag team=web",
        "larder create orders --sku Balanced_B1 --persistence aof",
      ),
    )
    .action(async (name, options) => (await import("./commands/create.ts")).create(name, options));
  addClusterOptions(create, { isNew: true });
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
  const update = program
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
    .addOption(persistenceOption())
    .addOption(persistToOption())
    .addOption(accessKeysOption("let clients log in with an access key; closes all connections"))
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
  addClusterOptions(update, { isNew: false });
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
