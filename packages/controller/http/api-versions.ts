/**
 * Every call says which version of the API it speaks. The caches' known versions are a list; those of resource groups,
 * subscriptions and providers are so many, and so alike, that any of their form is taken. Answers have the newest shape.
 */
import { enterpriseApiVersions, LarderError, redisApiVersion } from "@larder/api";
import type { MiddlewareHandler } from "hono";

export const redisApiVersions = [
  "2015-08-01",
  "2016-04-01",
  "2017-02-01",
  "2017-10-01",
  "2018-03-01",
  "2019-07-01",
  "2020-06-01",
  "2020-12-01",
  "2021-06-01",
  "2022-05-01",
  "2022-06-01",
  "2023-04-01",
  "2023-05-01-preview",
  "2023-08-01",
  "2024-03-01",
  redisApiVersion,
  "2025-08-01-preview",
] as const;

const anyVersion = /^20\d\d-\d\d-\d\d(-preview)?$/;

/** What stands on a resource of another namespace (`…/redis/x/providers/Microsoft.Resources/tags/default`) has its own versions. */
const onOther = /\/providers\/.*\/providers\//i;

export const requireRedisVersion = requireOneOf(redisApiVersions, "Microsoft.Cache/redis");
export const requireEnterpriseVersion = requireOneOf(enterpriseApiVersions, "Microsoft.Cache/redisEnterprise");
/** Where a path belongs to both. */
export const requireCacheVersion = requireOneOf([...redisApiVersions, ...enterpriseApiVersions], "Microsoft.Cache");

function requireOneOf(versions: readonly string[], type: string): MiddlewareHandler {
  return async (context, next) => {
    if (onOther.test(context.req.path)) return requireResourcesVersion(context, next);
    const version = requireVersion(context.req.query("api-version"));
    if (!versions.includes(version.toLowerCase()))
      throw notRegistered(version, type, `The supported api-versions are '${versions.join(", ")}'.`);
    await next();
  };
}

/** For providers of which any version is taken that looks like one. */
export function requireDatedVersion(provider: string): MiddlewareHandler {
  return async (context, next) => {
    const version = requireVersion(context.req.query("api-version"));
    if (!anyVersion.test(version.toLowerCase()))
      throw notRegistered(version, provider, "A version is a date such as 2021-04-01.");
    await next();
  };
}

export const requireResourcesVersion = requireDatedVersion("Microsoft.Resources");

function requireVersion(version: string | undefined): string {
  if (version !== undefined && version !== "") return version;
  throw new LarderError(
    "MissingApiVersionParameter",
    "The api-version query parameter (?api-version=) is required for all requests.",
  );
}

function notRegistered(version: string, type: string, supported: string): LarderError {
  return new LarderError(
    "NoRegisteredProviderFound",
    `No registered resource provider found for API version '${version}' and type '${type}'. ${supported}`,
  );
}
