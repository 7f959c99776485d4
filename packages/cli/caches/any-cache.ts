/**
 * A cache as commands use and show it, whichever provider it is of: one of `Microsoft.Cache/redis`, or a cluster of
 * `Microsoft.Cache/redisEnterprise` with its database. Its kind (cache-kind.ts) makes it of what the API gives; nothing else looks
 * into that.
 */
import type { ClusterWithDatabase } from "@larder/api/clusters-client";
import type { EnterpriseSku } from "@larder/api/enterprise-skus";
import type { PrivateEndpointConnection } from "@larder/api/network-resource";
import type { LarderProperties, RedisResource } from "@larder/api/redis-resource";
import type { CacheAddress } from "@larder/api/rest-calls";
import type { Sku } from "@larder/api/skus";
import { CommandError } from "../failure.ts";
import { hostAndPort } from "../snippet/shell-quote.ts";

export interface AnyCache {
  at: Required<CacheAddress>;
  /** What `--json` prints. */
  resource: RedisResource | ClusterWithDatabase;
  id: string;
  name: string;
  location: string;
  tags: Record<string, string>;
  /** "cache" or "cluster": how tables tell them apart. */
  type: string;
  sku: Sku | EnterpriseSku;
  /** How many each primary has; undefined: none. */
  replicas: number | undefined;
  provisioningState: string;
  /** null: a cluster that has no database. */
  larder: RunningProperties | null;
  /** Where it is for whoever resolves the service's names. */
  byName: { host: string; port: number };
  minimumTls: string;
  isPublic: boolean;
  takesKeys: boolean;
  takesTokens: boolean;
  /** How many access policies it has besides the built-in ones; null: it cannot have any. */
  ownPolicies: number | null;
  connections: readonly PrivateEndpointConnection[];
  /** What it was told besides, as rows of `larder show`. */
  settings: [string, string][];
}

export type RunningCache = AnyCache & { larder: RunningProperties };

/** Of a database that speaks plain text there is no port with TLS. */
export interface RunningProperties extends Omit<LarderProperties, "endpoint"> {
  endpoint: { host: string; tlsPort: number | null; plainPort: number | null };
}

export function isRunning(cache: AnyCache): cache is RunningCache {
  return cache.larder !== null;
}

/** Of what is asked of one. */
export function withoutDatabase({ name }: AnyCache): CommandError {
  return new CommandError(
    "ResourceNotFound",
    `${name} is a cluster that has no database.`,
    `Azure's clients make one; \`larder delete ${name}\` removes the cluster`,
  );
}

/** "localhost:10000". */
export function addressOf({ larder: { endpoint } }: RunningCache): string {
  const { host, tlsPort, plainPort } = endpoint;
  return hostAndPort({ host, tlsPort: tlsPort ?? plainPort ?? 0 });
}

/** "rediss", or "redis" where there is no TLS. */
export function schemeOf({ larder: { endpoint } }: RunningCache): string {
  return endpoint.tlsPort === null ? "redis" : "rediss";
}

/** By a key, over TLS. */
export function takesConsole({ takesKeys, larder: { endpoint } }: RunningCache): boolean {
  return takesKeys && endpoint.tlsPort !== null;
}

/** Throws OperationNotSupported where it speaks plain text alone. */
export function tlsEndpoint({ name, larder: { endpoint } }: RunningCache): { host: string; tlsPort: number } {
  const { host, tlsPort } = endpoint;
  if (tlsPort !== null) return { host, tlsPort };
  throw new CommandError(
    "OperationNotSupported",
    `${name} speaks plain text alone, and this is for TLS.`,
    `\`larder connect ${name}\` shows where it is; \`larder update ${name} --client-protocol encrypted\` turns TLS on`,
  );
}
