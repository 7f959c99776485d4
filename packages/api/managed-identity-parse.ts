/** Untrusted `identity` of a resource: none, its own, some of the user's, or both. */
import { z } from "zod";
import { choice } from "./body-values.ts";
import type { AskedIdentity } from "./redis-resource.ts";

const identitiesMax = 20;
const resourceId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/]+$/i;

export const managedIdentity = z
  .object(
    {
      type: choice(["None", "SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned"]),
      userAssignedIdentities: z
        .record(
          z.string().max(512).regex(resourceId, "must be the resource id of an identity"),
          z.object({}, "must be an object"),
        )
        .refine((given) => Object.keys(given).length <= identitiesMax, `may have at most ${identitiesMax} entries`)
        .optional(),
    },
    "must be an object",
  )
  .transform(({ type, userAssignedIdentities = {} }, context): AskedIdentity => {
    const userAssigned = type.includes("UserAssigned") ? Object.keys(userAssignedIdentities) : [];
    if (type.includes("UserAssigned") && userAssigned.length === 0)
      context.addIssue({
        code: "custom",
        path: ["userAssignedIdentities"],
        message: `must name one, as 'type' is ${type}`,
      });
    return { isSystemAssigned: type.startsWith("SystemAssigned"), userAssigned };
  });
