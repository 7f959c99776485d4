/** `larder assignment …`: who has which access policy. */
import { LarderError } from "@larder/api/errors";
import { formatAssignments, grantOf, userOf } from "../access-view.ts";
import { findCache } from "../cache-lookup.ts";
import type { AssignmentWishes } from "../caches/cache-kind.ts";
import { kindOf } from "../caches/cache-kinds.ts";
import { type CommonOptions, openContext } from "../command-context.ts";

interface AssignmentOptions extends CommonOptions {
  resourceGroup?: string;
}

export type NewAssignment = AssignmentOptions & AssignmentWishes;

export async function listAssignments(name: string, options: AssignmentOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { at } = await findCache(client, name, options.resourceGroup);
  const assignments = await client.access.listAssignments(at);
  print(assignments, () => formatAssignments(assignments, terminal.colors));
}

export async function createAssignment(name: string, assignmentName: string, options: NewAssignment): Promise<void> {
  const { client, during, print, terminal } = openContext(options);
  const { at, cache } = await findCache(client, name, options.resourceGroup);
  const body = kindOf(at).assignmentBody(options);
  const made = await during(`Creating ${assignmentName}`, () => client.access.putAssignment(at, assignmentName, body));
  const { green, dim } = terminal.colors;
  const hint = cache.takesTokens
    ? ""
    : dim(`It counts once ${at.name} takes tokens: larder update ${at.name} --tokens on\n`);
  print(made, () => `${green("Created")} ${made.name}: ${userOf(made)} has ${grantOf(made)}\n${hint}`);
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
