/** What tokens say of a principal, in Entra's words. Pure. */
import type { PrincipalDocument, UserDocument } from "../documents/principal-document.ts";
import type { Principals } from "./principals.ts";

/** Of an access token, for whoever it was made. */
export function principalClaims(
  { clientId, accountId }: { clientId: string; accountId?: string },
  { principals, tenant }: { principals: Principals; tenant: string },
): Record<string, unknown> {
  const principal = accountId === undefined ? principals.findApplication(clientId) : principals.find(accountId);
  if (principal === undefined) return {};
  return { ...claimsOf(principal, tenant), appid: clientId, azp: clientId };
}

/** Of an identity token. */
export function signedInClaims(user: UserDocument, tenant: string): Record<string, unknown> & { sub: string } {
  return { sub: user.objectId, ...claimsOf(user, tenant) };
}

function claimsOf(principal: PrincipalDocument, tenant: string): Record<string, unknown> {
  const { objectId, kind, name, displayName } = principal;
  const common = { oid: objectId, tid: tenant, name: displayName, ver: "2.0" };
  return kind === "user"
    ? { ...common, idtyp: "user", preferred_username: name, scp: "user_impersonation" }
    : { ...common, idtyp: "app" };
}
