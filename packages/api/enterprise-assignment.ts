/**
 * `Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments`: the resource, and untrusted bodies of it. There is one policy,
 * `default`, which allows everything; from 2026-05-01-preview on, an assignment may have an ACL string of its own instead.
 */
import { z } from "zod";
import { userName } from "./access-parse.ts";
import { parsePermissions } from "./access-permissions.ts";
import type { AccessState } from "./access-resource.ts";
import { parseBody } from "./body-values.ts";
import { everything } from "./enterprise-resource.ts";
import { knowsAccessString } from "./enterprise-versions.ts";
import { LarderError } from "./errors.ts";

const namePattern = /^[A-Za-z0-9]{1,60}$/;

export interface DatabaseAssignmentResource {
  id: string;
  name: string;
  type: "Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments";
  properties: {
    provisioningState: AccessState;
    accessPolicyName: "default";
    accessString: string;
    /** Of one that is Failed: why an engine does not take the string. */
    provisioningError?: { code: "InvalidAccessString"; message: string; target: "properties.accessString" };
    user: { objectId: string };
  };
}

export interface DatabaseAssignmentAsked {
  objectId: string;
  /** undefined: everything. */
  accessString: string | undefined;
}

const body = z.object({
  properties: z.object(
    {
      accessPolicyName: z.string("must be a string").optional(),
      accessString: z.string("must be a string").optional(),
      user: z.object({ objectId: userName }, "is required"),
    },
    "is required",
  ),
});

/** Throws InvalidResourceName. */
export function checkDatabaseAssignmentName(name: string): void {
  if (namePattern.test(name)) return;
  throw new LarderError("InvalidResourceName", "The name must have 1 to 60 letters and digits.", {
    target: "accessPolicyAssignmentName",
  });
}

/** Throws InvalidRequestBody or InvalidParameter with its target. */
export function parseDatabaseAssignment(given: unknown, version: string): DatabaseAssignmentAsked {
  const { accessPolicyName, accessString, user } = (parseBody(body, given) as z.infer<typeof body>).properties;
  const isNamed = accessPolicyName?.toLowerCase() === "default";
  if (!isNamed && (accessPolicyName !== undefined || !knowsAccessString(version))) {
    const target = "properties.accessPolicyName";
    throw new LarderError("InvalidParameter", `'${target}' must be 'default', the only policy that there is.`, {
      target,
    });
  }
  const isOwn = accessString !== undefined && accessString !== "" && accessString !== everything;
  if (isOwn) requirePermissions(accessString);
  return { objectId: user.objectId, accessString: isOwn ? accessString : undefined };
}

function requirePermissions(accessString: string): void {
  try {
    parsePermissions(accessString);
  } catch (error) {
    if (!(error instanceof LarderError)) throw error;
    throw new LarderError(error.code, error.message, { target: "properties.accessString" });
  }
}
