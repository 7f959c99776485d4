/** Options of `larder create` and `larder update` that belong to clusters, or to clusters as well. */
import { type Command, Option } from "commander";
import { persistences } from "./caches/cache-wishes.ts";

const heading = "Options of clusters (sizes from Balanced_B0 on):";

/** What can be said of clusters alone. */
export function addClusterOptions(command: Command, { isNew }: { isNew: boolean }): Command {
  const only = (option: Option) => command.addOption(option.helpGroup(heading));
  only(new Option("--high-availability <switch>", "keep a replica: on, unless it is off").choices(["on", "off"]));
  only(new Option("--clustering-policy <policy>", "OSSCluster, EnterpriseCluster or NoCluster"));
  only(new Option("--client-protocol <protocol>", "how its one port speaks").choices(["encrypted", "plaintext"]));
  if (isNew) only(new Option("--port <number>", "its port; without, one that is free"));
  return only(new Option("--capacity <number>", "of an Enterprise size: 2, 4, 6 …"));
}

export function persistenceOption(): Option {
  return new Option(
    "--persistence <way>",
    "keep the data on disk: every write, or snapshots (Premium, clusters)",
  ).choices(persistences);
}

export function zoneOption(): Option {
  return new Option("--zone <name...>", "the zones that it is to be in");
}
