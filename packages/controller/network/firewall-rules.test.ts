import { expect, test } from "bun:test";
import { cacheFixture } from "../documents/cache-fixture.ts";
import { firewallRulesMax, withFirewallRule, withoutFirewallRule } from "./firewall-rules.ts";

const range = { startIP: "10.0.0.1", endIP: "10.0.0.9" };

test("a cache has only so many rules, and one of them can still be changed or replaced", () => {
  let cache = cacheFixture();
  for (let index = 0; index < firewallRulesMax; index++) cache = withFirewallRule(cache, `rule_${index}`, range);
  expect(() => withFirewallRule(cache, "one_more", range)).toThrow(`${firewallRulesMax} firewall rules, the most`);
  const changed = withFirewallRule(cache, "RULE_0", { startIP: "::1", endIP: "::1" });
  expect(changed.access.firewallRules).toContainEqual({ name: "rule_0", firstAddress: "::1", lastAddress: "::1" });
  const { firewallRules } = withFirewallRule(withoutFirewallRule(cache, "Rule_7"), "one_more", range).access;
  expect(firewallRules).toHaveLength(firewallRulesMax);
});
