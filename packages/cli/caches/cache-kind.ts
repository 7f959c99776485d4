/**
 * What differs between caches of `Microsoft.Cache/redis` and clusters of `Microsoft.Cache/redisEnterprise`: one object for each, and no
 * command asks which one it has.
 */
import type { AnyAssignmentBody } from "@larder/api/access-client";
import type { ManagementClient } from "@larder/api/management-client";
import type { ScheduleEntry } from "@larder/api/redis-resource";
import type { CacheAddress } from "@larder/api/rest-calls";
import type { AnyCache } from "./any-cache.ts";
import type { CacheWishes } from "./cache-wishes.ts";

export interface NewCache extends CacheWishes {
  sku: string;
  location: string;
}

export interface AssignmentWishes {
  objectId: string;
  alias?: string;
  policy?: string;
  permissions?: string;
}

/** What not all caches have. */
export type Feature = "firewall" | "policies";

export interface CacheKind {
  /** Of one resource group, or of all. */
  list(client: ManagementClient, resourceGroup?: string): Promise<AnyCache[]>;
  /** Of the name, whatever the case of that. */
  find(client: ManagementClient, name: string, resourceGroup?: string): Promise<AnyCache | undefined>;
  get(client: ManagementClient, at: CacheAddress): Promise<AnyCache>;
  /** Returns once it answers. Throws InvalidParameter or SkuNotSupported for what it does not take, and what the API refuses. */
  create(client: ManagementClient, at: CacheAddress, wishes: NewCache): Promise<AnyCache>;
  /** What is not asked for stays. Throws as `create`. */
  update(client: ManagementClient, cache: AnyCache, wishes: CacheWishes): Promise<AnyCache>;
  /** When its engine may be updated. */
  schedule(client: ManagementClient, at: CacheAddress): Promise<ScheduleEntry[]>;
  /** Returns the schedule as it is then. None at all: at any time. */
  setSchedule(client: ManagementClient, at: CacheAddress, entries: ScheduleEntry[]): Promise<ScheduleEntry[]>;
  assignmentBody(wishes: AssignmentWishes): AnyAssignmentBody;
  /** What it does not have, and what there is instead. */
  lacks: Partial<Record<Feature, { what: string; instead: string }>>;
}
