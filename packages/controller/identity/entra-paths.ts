/** Entra's paths → those of the provider. Pure. */

/**
 * By which clients name a tenant that they do not know, and by which people name this one. `adfs` is the name of the only one that a server
 * of AD FS has; before another name it counts for nothing.
 */
const anyTenant = ["common", "organizations", "adfs", "larder"];

export type EntraPath =
  | { kind: "instance-discovery" }
  | { kind: "unknown-tenant"; tenant: string }
  /** To be answered by the provider at this path. */
  | { kind: "provider"; path: string };

const discovery = "/.well-known/openid-configuration";

export function entraPath(path: string, tenant: string): EntraPath {
  if (/^\/common\/discovery\/instance\/?$/i.test(path)) return { kind: "instance-discovery" };
  const match =
    /^(?:\/adfs)?\/([^/]+)(\/(?:oauth2|discovery)\/v2\.0\/[^?]*|(?:\/v2\.0)?\/\.well-known\/openid-configuration)$/i.exec(
      path,
    );
  if (match === null) return { kind: "provider", path };
  const [, named = "", rest = ""] = match;
  if (![tenant, ...anyTenant].includes(named.toLowerCase())) return { kind: "unknown-tenant", tenant: named };
  const isDiscovery = rest.toLowerCase().endsWith(discovery);
  return { kind: "provider", path: isDiscovery ? discovery : `/${tenant}${rest}` };
}
