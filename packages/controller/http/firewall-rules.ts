/** `Microsoft.Cache/redis/firewallRules`: which addresses may connect. A change is in force when it is answered. */
import { cacheResourceId, type FirewallRule, LarderError, parseFirewallRule } from "@larder/api";
import type { Context, Hono } from "hono";
import type { StoredFirewallRule } from "../documents/cache-access.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { firewallRuleOf, withFirewallRule, withoutFirewallRule } from "../network/firewall-rules.ts";
import { refuseGoing } from "../network/going-cache.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { readJsonBody } from "./json-body.ts";
import { pageOf } from "./paging.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";
import { pathValue } from "./request-path.ts";
import { servedByGateways } from "./served-by-gateways.ts";

const rules = `${oneCache}/firewallrules`;
const oneRule = `${rules}/:rule`;

export function firewallRules(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const find = async (context: Context): Promise<CacheDocument> => {
    await api.groups.require(cachePlace(context).resourceGroup);
    return (await api.caches.require(cachePlace(context))).value;
  };

  app.get(rules, async (context) => {
    const cache = await find(context);
    const bodyOf = (rule: StoredFirewallRule) => ruleBody(cache, rule);
    return context.json(
      pageOf(context, cache.access.firewallRules, { nameOf: ({ name }) => name.toLowerCase(), bodyOf }),
    );
  });

  app.get(oneRule, async (context) => {
    const cache = await find(context);
    return context.json(ruleBody(cache, requireRule(cache, pathValue(context, "rule"))));
  });

  app.put(oneRule, async (context) => {
    const before = await find(context);
    const name = pathValue(context, "rule");
    const properties = parseFirewallRule(await readJsonBody(context));
    const stored = await api.actions.change(cachePlace(context), (cache) => {
      refuseGoing(cache);
      return { cache: withFirewallRule(cache, name, properties) };
    });
    await servedByGateways(stored, api);
    const isNew = firewallRuleOf(before, name) === undefined;
    return context.json(ruleBody(stored.value, requireRule(stored.value, name)), isNew ? 201 : 200);
  });

  app.delete(oneRule, async (context) => {
    const name = pathValue(context, "rule");
    if (firewallRuleOf(await find(context), name) === undefined) return context.body(null, 204);
    const stored = await api.actions.change(cachePlace(context), (cache) => ({
      cache: withoutFirewallRule(cache, name),
    }));
    await servedByGateways(stored, api);
    return context.body(null, 200);
  });
}

function requireRule(cache: CacheDocument, name: string): StoredFirewallRule {
  const rule = firewallRuleOf(cache, name);
  if (rule !== undefined) return rule;
  throw new LarderError("ResourceNotFound", `'${cache.name}' has no firewall rule '${name}'.`);
}

function ruleBody(cache: CacheDocument, { name, firstAddress, lastAddress }: StoredFirewallRule): FirewallRule {
  return {
    id: `${cacheResourceId(cache)}/firewallRules/${name}`,
    name: `${cache.name}/${name}`,
    type: "Microsoft.Cache/Redis/firewallRules",
    properties: { startIP: firstAddress, endIP: lastAddress },
  };
}
