/** `larder assignment …`: who has which access policy. */
import { LarderError } from "@larder/api/errors";
import { formatAssignments, takesTokens } from "../access-view.ts";
import { findCache } from "../cache-lookup.ts";
import { type CommonOptions, openContext } from "../command-context.ts";

interface AssignmentOptions extends CommonOptions {
  resourceGroup?: string;
}

export interface NewAssignment extends AssignmentOptions {
  policy: string;
  objectId: string;
  alias?: string;
}

export async function listAssignments(name: string, options: AssignmentOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { at } = await findCache(client, name, options.resourceGroup);
  const assignments = await client.access.listAssignments(at);
  print(assignments, () => formatAssignments(assignments, terminal.colors));
}

export async function createAssignment(name: string, assignmentName: string, options: NewAssignment): Promise<void> {
  const { client, during, print, terminal } = openContext(options);
  const { at, cache } = await findCache(client, name, options.resourceGroup);
  const { objectId, alias: objectIdAlias = objectId, policy: accessPolicyName } = options;
  const body = { objectId, objectIdAlias, accessPolicyName };
  const made = await during(`Creating ${assignmentName}`, () => client.access.putAssignment(at, assignmentName, body));
  const { green, dim } = terminal.colors;
  const hint = takesTokens(cache)
    ? ""
    : dim(`It counts once ${at.name} takes tokens: larder update ${at.name} --tokens on\n`);
  print(
    made,
    () => `${green("Created")} ${made.name}: ${objectIdAlias} has ${made.properties.accessPolicyName}\n${hint}`,
  );
}

export async function deleteAssignment(
  name: string,
  assignmentName: string,
  options: AssignmentOptions,
): Promise<void> {
  const { client, during, print, terminal } = openContext(options);
  const { at } = await findCache(client, name, options.resourceGroup);
  const wasThere = await during(`Deleting ${assignmentName}`, () => client.access.deleteAssignment(at, assignmentName));
  if (!wasThere) throw new LarderError("ResourceNotFound", `${at.name} has no assignment '${assignmentName}'.`);
  print({ name: assignmentName }, () => `${terminal.colors.green("Deleted")} ${assignmentName}\n`);
}
