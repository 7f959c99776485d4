/**
 * For whom tokens are made: this service's management API and its caches, under all names by which clients ask for them. Entra's
 * clients name one in a scope, `<resource>/.default`; the token is for the resource as it was named. Pure.
 */
import { plainAudience } from "@larder/service";
import { defaultTokenAudiences } from "../tokens/data-tokens.ts";

/** What may follow the resource in a scope. */
const permissions = [".default", "user_impersonation"] as const;

export interface TokenResources {
  /** Of the management API. */
  api: string[];
  redis: string[];
}

/** `api`: audiences of the management API. */
export function tokenResources(api: readonly string[]): TokenResources {
  const plain = api.map((audience) => plainAudience(audience).toLowerCase());
  return { api: [...new Set(plain)], redis: [...defaultTokenAudiences] };
}

/** The resource that a scope names, as it is written there; undefined: none. Others than one: the first. */
export function resourceOfScope(scope: string | undefined): string | undefined {
  for (const word of (scope ?? "").split(" "))
    for (const permission of permissions) {
      const end = `/${permission}`;
      if (word.endsWith(end) && word.length > end.length) return word.slice(0, -end.length);
    }
  return undefined;
}

/** Whether tokens are made for it; with or without a slash at its end, and with or without the scheme of application ids. */
export function isKnownResource(resource: string, { api, redis }: TokenResources): boolean {
  const plain = resource
    .replace(/\/$/, "")
    .replace(/^api:\/\//, "")
    .toLowerCase();
  return [...api, ...redis].includes(plain);
}

/** A resource as the protocol wants it, an absolute URI (RFC 8707): an application id alone is none. */
export function resourceIndicator(resource: string): string {
  return URL.canParse(resource) ? resource : `api://${resource}`;
}

/** Of the indicator, as the token's `aud` has it. */
export function audienceOf(indicator: string): string {
  return indicator.replace(/^api:\/\//, "");
}

/** All scopes of the resource. */
export function scopesOf(indicator: string): string[] {
  return permissions.map((permission) => `${audienceOf(indicator)}/${permission}`);
}

/** What somebody who signs in may later ask for, whatever he asked for first: each resource, as clients write it. */
export function everyIndicator({ api, redis }: TokenResources): string[] {
  const withSlashes = [...api, ...redis].flatMap((resource) =>
    resource.includes("://") ? [resource, `${resource}/`] : [resource],
  );
  return withSlashes.map(resourceIndicator);
}
