/** A cache's firewall rules: what a change makes of its document. Names compare without case. Pure. */
import { type FirewallRuleProperties, firewallRuleNameProblem, isSameName, LarderError } from "@larder/api";
import type { StoredFirewallRule } from "../documents/cache-access.ts";
import type { CacheDocument } from "../documents/cache-document.ts";

/** Of one cache. Gateways look an address up among all of them. */
export const firewallRulesMax = 256;

export function firewallRuleOf(cache: CacheDocument, name: string): StoredFirewallRule | undefined {
  return cache.access.firewallRules.find((rule) => isSameName(rule.name, name));
}

/** Throws InvalidResourceName or InvalidParameter. */
export function withFirewallRule(
  cache: CacheDocument,
  name: string,
  { startIP: firstAddress, endIP: lastAddress }: FirewallRuleProperties,
): CacheDocument {
  const problem = firewallRuleNameProblem(name);
  if (problem !== undefined)
    throw new LarderError("InvalidResourceName", `The name of a firewall rule ${problem}.`, { target: "ruleName" });
  const known = firewallRuleOf(cache, name);
  const others = cache.access.firewallRules.filter((rule) => rule !== known);
  if (others.length >= firewallRulesMax)
    throw new LarderError(
      "InvalidParameter",
      `'${cache.name}' has ${firewallRulesMax} firewall rules, the most there may be.`,
    );
  const rules = [...others, { name: known?.name ?? name, firstAddress, lastAddress }];
  return withRules(
    cache,
    rules.sort((a, b) => a.name.localeCompare(b.name)),
  );
}

export function withoutFirewallRule(cache: CacheDocument, name: string): CacheDocument {
  return withRules(
    cache,
    cache.access.firewallRules.filter((rule) => !isSameName(rule.name, name)),
  );
}

function withRules(cache: CacheDocument, firewallRules: StoredFirewallRule[]): CacheDocument {
  return { ...cache, access: { ...cache.access, firewallRules } };
}
