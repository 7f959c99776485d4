/** `larder policy …`: what those who log in with a token may do. */
import { LarderError } from "@larder/api/errors";
import type { ManagementClient } from "@larder/api/management-client";
import { formatPolicies, formatPolicy, userOf } from "../access-view.ts";
import { findCache } from "../cache-lookup.ts";
import { requireFeature } from "../caches/cache-kinds.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { CommandError } from "../failure.ts";

interface PolicyOptions extends CommonOptions {
  resourceGroup?: string;
}

export async function listPolicies(name: string, options: PolicyOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { at } = await findWithPolicies(client, name, options);
  const policies = await client.access.listPolicies(at);
  print(policies, () => formatPolicies(policies, terminal.colors));
}

export async function showPolicy(name: string, policyName: string, options: PolicyOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { at } = await findWithPolicies(client, name, options);
  const policy = await client.access.getPolicy(at, policyName);
  const assignments = await client.access.listAssignments(at);
  const users = assignments.filter(({ properties }) => properties.accessPolicyName === policy.name);
  print(policy, () => formatPolicy(policy, users.map(userOf), terminal.colors));
}

/** A policy that is there is not replaced by accident, nor made by a slip of the pen. */
export async function writePolicy(
  wish: "create" | "update",
  name: string,
  policyName: string,
  options: PolicyOptions & { permissions: string },
): Promise<void> {
  const { client, during, print, terminal } = openContext(options);
  const { at } = await findWithPolicies(client, name, options);
  const all = await client.access.listPolicies(at);
  const isThere = all.some((policy) => policy.name.toLowerCase() === policyName.toLowerCase());
  if (wish === "create" && isThere)
    throw new CommandError(
      "Conflict",
      `${at.name} has an access policy '${policyName}' already.`,
      "change it with `larder policy update`",
    );
  if (wish === "update" && !isThere)
    throw new LarderError("ResourceNotFound", `${at.name} has no access policy '${policyName}'.`);
  const doing = wish === "create" ? "Creating" : "Updating";
  const policy = await during(`${doing} ${policyName}`, () =>
    client.access.putPolicy(at, policyName, options.permissions),
  );
  const done = wish === "create" ? "Created" : "Updated";
  print(policy, () => `${terminal.colors.green(done)} ${policy.name}: ${policy.properties.permissions}\n`);
}

export async function deletePolicy(name: string, policyName: string, options: PolicyOptions): Promise<void> {
  const { client, during, print, terminal } = openContext(options);
  const { at } = await findWithPolicies(client, name, options);
  const wasThere = await during(`Deleting ${policyName}`, () => client.access.deletePolicy(at, policyName));
  if (!wasThere) throw new LarderError("ResourceNotFound", `${at.name} has no access policy '${policyName}'.`);
  print({ name: policyName }, () => `${terminal.colors.green("Deleted")} ${policyName}\n`);
}

async function findWithPolicies(client: ManagementClient, name: string, { resourceGroup }: PolicyOptions) {
  const found = await findCache(client, name, resourceGroup);
  requireFeature(found.cache, "policies");
  return found;
}
