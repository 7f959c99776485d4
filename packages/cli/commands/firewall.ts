/** `larder firewall …`: from which addresses a cache is reached. */
import type { ManagementClient } from "@larder/api/management-client";
import { NetworkClient } from "@larder/api/network-client";
import type { FirewallRule } from "@larder/api/network-resource";
import { parseRange } from "../address-range.ts";
import { findCache } from "../cache-lookup.ts";
import { requireFeature } from "../caches/cache-kinds.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { CommandError } from "../failure.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";

export interface FirewallOptions extends CommonOptions {
  resourceGroup?: string;
}

export async function listRules(name: string, options: FirewallOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { cache, at } = await findFirewalled(client, name, options);
  const rules = await new NetworkClient(client.calls).firewallRules(at);
  print(rules, () => formatRules({ name: cache.name, rules, isPublic: cache.isPublic }, terminal.colors));
}

export async function addRule(name: string, rule: string, addresses: string, options: FirewallOptions): Promise<void> {
  const range = parseRange(addresses);
  const { client, print, terminal } = openContext(options);
  const { cache, at } = await findFirewalled(client, name, options);
  const added = await new NetworkClient(client.calls).putFirewallRule(at, rule, range);
  const { startIP, endIP } = added.properties;
  const who = startIP === endIP ? startIP : `${startIP} to ${endIP}`;
  print(added, () => `${terminal.colors.green("Allowed")} ${who} at ${cache.name} (${rule})\n`);
}

export async function removeRule(name: string, rule: string, options: FirewallOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { cache, at } = await findFirewalled(client, name, options);
  const network = new NetworkClient(client.calls);
  if (!(await network.removeFirewallRule(at, rule)))
    throw new CommandError(
      "ResourceNotFound",
      `${cache.name} has no firewall rule named ${rule}.`,
      `\`larder firewall list ${cache.name}\` shows those that it has`,
    );
  const isOpen = (await network.firewallRules(at)).length === 0;
  print({ cache: cache.name, rule, removed: true }, () => {
    const note = isOpen ? terminal.colors.yellow(": it was the last, so every address is allowed now") : "";
    return `${terminal.colors.green("Removed")} ${rule} from ${cache.name}${note}\n`;
  });
}

async function findFirewalled(client: ManagementClient, name: string, { resourceGroup }: FirewallOptions) {
  const found = await findCache(client, name, resourceGroup);
  requireFeature(found.cache, "firewall");
  return found;
}

function formatRules(
  { name, rules, isPublic }: { name: string; rules: readonly FirewallRule[]; isPublic: boolean },
  colors: Colors,
): string {
  const closed = isPublic ? "" : `${colors.yellow(`${name} is reached by private endpoints only.`)}\n`;
  if (rules.length === 0) return `${closed}${name} has no firewall rules: every address is allowed.\n`;
  const heading = ["RULE", "FROM", "TO"].map((text) => colors.dim(text));
  const rows = rules.map((rule) => [ruleName(rule), rule.properties.startIP, rule.properties.endIP]);
  return `${closed}${formatTable([heading, ...rows])}`;
}

/** The API has the cache's name before it. */
function ruleName({ name }: FirewallRule): string {
  return name.slice(name.indexOf("/") + 1);
}
