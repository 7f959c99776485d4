/** Untrusted names and bodies of access policies and of their assignments. */
import { z } from "zod";
import { parsePermissions } from "./access-permissions.ts";
import type { AccessAssignmentBody } from "./access-resource.ts";
import { parseBody } from "./body-values.ts";
import { LarderError } from "./errors.ts";

const nameLengthMin = 3;
const nameLengthMax = 63;
/** Of an object id or an alias, each of which is a user name to log in with. */
const userNameLengthMax = 128;
const wordPattern = /^[!-~]+$/;
/** Access keys' owner. */
const keyUserName = "default";

/** Throws InvalidResourceName. */
export function checkPolicyName(name: string): void {
  checkName(name, /^[a-z0-9][a-z0-9 -]*[a-z0-9]$/i, "letters, digits, hyphens and inner spaces");
}

/** Throws InvalidResourceName. */
export function checkAssignmentName(name: string): void {
  checkName(name, /^[a-z0-9][a-z0-9-]*[a-z0-9]$/i, "letters, digits and inner hyphens");
}

/** The permissions as they came. Throws InvalidRequestBody or InvalidParameter with its target. */
export function parseAccessPolicy(body: unknown): string {
  const { properties } = parseBody(policyBody, body) as z.infer<typeof policyBody>;
  parsePermissions(properties.permissions);
  return properties.permissions;
}

/** Throws InvalidRequestBody or InvalidParameter with its target. */
export function parseAccessAssignment(body: unknown): AccessAssignmentBody {
  return (parseBody(assignmentBody, body) as z.infer<typeof assignmentBody>).properties;
}

const required = z.string("is required");

const policyBody = z.object({ properties: z.object({ permissions: required }, "is required") });

/** Who a token is of, or the name that goes with it. */
export const userName = required
  .max(userNameLengthMax, `may have at most ${userNameLengthMax} characters`)
  .regex(wordPattern, "must be of printable ASCII characters without spaces")
  .refine((given) => given.toLowerCase() !== keyUserName, `cannot be '${keyUserName}', who logs in with an access key`);

const assignmentBody = z.object({
  properties: z.object(
    { objectId: userName, objectIdAlias: userName, accessPolicyName: required.min(1, "is required") },
    "is required",
  ),
});

function checkName(name: string, pattern: RegExp, what: string): void {
  if (name.length >= nameLengthMin && name.length <= nameLengthMax && pattern.test(name)) return;
  throw new LarderError(
    "InvalidResourceName",
    `The name must have ${nameLengthMin} to ${nameLengthMax} ${what}, and start and end with a letter or digit.`,
    { target: "name" },
  );
}
