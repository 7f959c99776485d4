/** Firewall rules: untrusted bodies and names. */
import { z } from "zod";
import { parseBody } from "./body-values.ts";
import { LarderError } from "./errors.ts";
import { parseIpAddress, parseIpRange } from "./ip-address.ts";
import type { FirewallRuleProperties } from "./network-resource.ts";

const namePattern = /^\w{1,256}$/;
const addressText = "must be an IPv4 or IPv6 address";

const address = z
  .string(addressText)
  .trim()
  .refine((text) => parseIpAddress(text) !== null && !text.includes("%"), addressText);
const ruleBody = z.object({ properties: z.object({ startIP: address, endIP: address }, "is required") });

/** Throws InvalidRequestBody or InvalidParameter with its target. */
export function parseFirewallRule(body: unknown): FirewallRuleProperties {
  const { startIP, endIP } = (parseBody(ruleBody, body) as z.infer<typeof ruleBody>).properties;
  if (parseIpRange({ first: startIP, last: endIP }) !== null) return { startIP, endIP };
  throw new LarderError(
    "InvalidParameter",
    `'properties.endIP' must be of the family of 'properties.startIP' and not before it; ${startIP} to ${endIP} is no range.`,
    { target: "properties.endIP" },
  );
}

/** Why `name` cannot name a firewall rule, or undefined when it can. */
export function firewallRuleNameProblem(name: string): string | undefined {
  return namePattern.test(name) ? undefined : "must have 1 to 256 letters, digits and underscores";
}
