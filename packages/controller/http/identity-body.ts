/** A cache's managed identity as the API shows it. Larder has no directory: the ids are made of what they belong to, and so stay. */
import { createHash } from "node:crypto";
import type { AskedIdentity, CacheId, ManagedIdentity } from "@larder/api";

/** undefined where there is none. */
export function identityBody(
  cacheId: CacheId,
  { isSystemAssigned, userAssigned }: AskedIdentity,
  tenantId: string,
): ManagedIdentity | undefined {
  if (!isSystemAssigned && userAssigned.length === 0) return undefined;
  const made = userAssigned.map((id) => [
    id,
    { principalId: madeUuid(`principal ${id.toLowerCase()}`), clientId: madeUuid(`client ${id.toLowerCase()}`) },
  ]);
  return {
    type: typeOf(isSystemAssigned, made.length > 0),
    ...(isSystemAssigned ? { principalId: madeUuid(`principal ${cacheId}`), tenantId } : {}),
    ...(made.length > 0 ? { userAssignedIdentities: Object.fromEntries(made) } : {}),
  };
}

function typeOf(isSystemAssigned: boolean, hasOthers: boolean): ManagedIdentity["type"] {
  if (isSystemAssigned) return hasOthers ? "SystemAssigned, UserAssigned" : "SystemAssigned";
  return "UserAssigned";
}

/** Of the form that RFC 9562 gives to ids made of a name (version 8). */
function madeUuid(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
