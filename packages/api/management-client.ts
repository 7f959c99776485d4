/**
 * A client of Larder's own management API: typed calls over `fetch`, for the command line and the portal.
 *
 * It is not the way for programs to manage caches: they have Azure's own clients. It polls faster than those do, as a
 * cache is made in a fraction of a second here.
 *
 * Errors: a refusal by the API keeps its code, message and target; nobody listening is `NotRunning`.
 */
import { AccessClient } from "./access-client.ts";
import { BackupsClient } from "./backups-client.ts";
import { ClustersClient } from "./clusters-client.ts";
import type { HostResource, JoinToken } from "./host-protocol.ts";
import type { CacheProvider } from "./names.ts";
import { PrincipalsClient } from "./principals-client.ts";
import {
  type AccessKeys,
  type CacheEvent,
  type CacheUpdates,
  type Page,
  type PatchSchedule,
  type RedisCreateBody,
  type RedisResource,
  type RedisUpdateBody,
  type ResourceGroup,
  redisApiVersion,
  type ScheduleEntry,
} from "./redis-resource.ts";
import { type CacheAddress, RestCalls, type RestOptions, transferHeader } from "./rest-calls.ts";
import { RolesClient } from "./roles-client.ts";
import type { TransferResource } from "./transfer-resource.ts";

const resourcesApiVersion = "2021-04-01";

export interface Subscription {
  id: string;
  subscriptionId: string;
  displayName: string;
  state: string;
}

/** Which parts of the service talk to the controller. */
export interface ServiceHealth {
  status: "ok";
  agents: number;
  gateways: number;
}

export interface RotatedSecrets {
  /** Of the key that seals from now on. */
  keyId: string;
  /** How many of the store were sealed anew. */
  documents: number;
  /** Who has not sealed anew yet what it keeps, in words: it is away, or its disk does not take it. */
  behind: string[];
}

export class ManagementClient {
  /** For the clients of one subject each. */
  readonly calls: RestCalls;

  constructor(options: RestOptions) {
    this.calls = new RestCalls(options);
  }

  get access(): AccessClient {
    return new AccessClient(this.calls);
  }

  get clusters(): ClustersClient {
    return new ClustersClient(this.calls);
  }

  get backups(): BackupsClient {
    return new BackupsClient(this.calls);
  }

  get roles(): RolesClient {
    return new RolesClient(this.calls);
  }

  get principals(): PrincipalsClient {
    return new PrincipalsClient(this.calls);
  }

  get subscription(): string {
    return this.calls.subscription;
  }

  /** Needs no token. */
  async health(): Promise<ServiceHealth> {
    return this.calls.json(this.calls.call("/health"));
  }

  async listSubscriptions(): Promise<Subscription[]> {
    return this.calls.list("/subscriptions", resourcesApiVersion);
  }

  async listResourceGroups(): Promise<ResourceGroup[]> {
    return this.calls.list(`/subscriptions/${this.subscription}/resourceGroups`, resourcesApiVersion);
  }

  async putResourceGroup(
    name: string,
    body: { location: string; tags?: Record<string, string> },
  ): Promise<ResourceGroup> {
    return this.calls.json(
      this.calls.call(this.calls.groupPath(name), { method: "PUT", apiVersion: resourcesApiVersion, body }),
    );
  }

  async deleteResourceGroup(name: string): Promise<void> {
    const response = await this.calls.call(this.calls.groupPath(name), {
      method: "DELETE",
      apiVersion: resourcesApiVersion,
    });
    await this.calls.finish(response);
  }

  /** The caches of `Microsoft.Cache/redis` in one resource group, or in the whole subscription. */
  async listCaches(resourceGroup?: string): Promise<RedisResource[]> {
    const within =
      resourceGroup === undefined ? `/subscriptions/${this.subscription}` : this.calls.groupPath(resourceGroup);
    return this.calls.list(`${within}/providers/Microsoft.Cache/redis`, redisApiVersion);
  }

  async getCache(at: CacheAddress): Promise<RedisResource> {
    return this.calls.json(this.calls.onCache(at, ""));
  }

  /** Creates or replaces, and waits until it is done. */
  async createCache(at: CacheAddress, body: RedisCreateBody): Promise<RedisResource> {
    await this.calls.finish(await this.calls.onCache(at, "", { method: "PUT", body }));
    return this.getCache(at);
  }

  async updateCache(at: CacheAddress, body: RedisUpdateBody): Promise<RedisResource> {
    await this.calls.finish(await this.calls.onCache(at, "", { method: "PATCH", body }));
    return this.getCache(at);
  }

  /** A cluster goes with its database. Returns whether there was such a cache. */
  async deleteCache(at: CacheAddress): Promise<boolean> {
    const response = await this.calls.onResource(at, "", { method: "DELETE" });
    await this.calls.finish(response);
    return response.status !== 204;
  }

  async listKeys(at: CacheAddress): Promise<AccessKeys> {
    return this.calls.json(this.calls.onCache(at, "/listKeys", { method: "POST" }));
  }

  async regenerateKey(at: CacheAddress, keyType: "Primary" | "Secondary"): Promise<AccessKeys> {
    return this.calls.json(this.calls.onCache(at, "/regenerateKey", { method: "POST", body: { keyType } }));
  }

  /** The newest events, the newest first. */
  async listEvents(at: CacheAddress, count: number): Promise<CacheEvent[]> {
    const query = { $top: String(count) };
    return (await this.calls.json<Page<CacheEvent>>(this.calls.onCache(at, "/events", { query }))).value;
  }

  /** Returns once all keys are removed. Throws OutcomeUnknown where nobody knows whether they are. */
  async flushCache(at: CacheAddress): Promise<void> {
    await this.calls.finish(await this.calls.onCache(at, "/flush", { method: "POST" }));
  }

  /** Data comes in, goes out, or is compared: begins it, and returns the transfer's id. */
  async beginTransfer(
    at: CacheAddress,
    action: "import" | "export" | "migrate" | "reverse" | "compare",
    body: unknown,
  ): Promise<string> {
    const response = await this.calls.onCache(at, `/${action}`, { method: "POST", body });
    await response.arrayBuffer();
    return response.headers.get(transferHeader) ?? "";
  }

  /** The newest first. */
  async listTransfers(at: CacheAddress): Promise<TransferResource[]> {
    return (await this.calls.json<Page<TransferResource>>(this.calls.onCache(at, "/transfers"))).value;
  }

  async getTransfer(at: CacheAddress, id: string): Promise<TransferResource> {
    return this.calls.json(this.calls.onCache(at, `/transfers/${encodeURIComponent(id)}`));
  }

  async askTransfer(
    at: CacheAddress,
    id: string,
    wish: "cancel" | "pause" | "resume" | "cutover",
  ): Promise<TransferResource> {
    const path = `/transfers/${encodeURIComponent(id)}/${wish}`;
    return this.calls.json(this.calls.onCache(at, path, { method: "POST" }));
  }

  /** Returns once it has begun. */
  async rebootCache(at: CacheAddress, rebootType: "PrimaryNode" | "SecondaryNode" | "AllNodes"): Promise<void> {
    await this.calls.onCache(at, "/forceReboot", { method: "POST", body: { rebootType } });
  }

  /** Returns once it has begun. */
  async switchOver(at: CacheAddress): Promise<void> {
    await this.calls.onCache(at, "/switchover", { method: "POST" });
  }

  /** Empty where there is none. */
  async getPatchSchedule(at: CacheAddress): Promise<ScheduleEntry[]> {
    const { value } = await this.calls.json<Page<PatchSchedule>>(this.calls.onCache(at, "/patchSchedules"));
    return value[0]?.properties.scheduleEntries ?? [];
  }

  /** An empty list takes the schedule away. */
  async setPatchSchedule(at: CacheAddress, scheduleEntries: ScheduleEntry[]): Promise<void> {
    const path = "/patchSchedules/default";
    if (scheduleEntries.length === 0) await this.calls.onCache(at, path, { method: "DELETE" });
    else await this.calls.onCache(at, path, { method: "PUT", body: { properties: { scheduleEntries } } });
  }

  async getUpdates(at: CacheAddress): Promise<CacheUpdates> {
    return this.calls.json(this.calls.onCache(at, "/updates"));
  }

  async askUpdate(at: CacheAddress, action: "start" | "pause" | "resume"): Promise<CacheUpdates> {
    return this.calls.json(this.calls.onCache(at, `/updates/${action}`, { method: "POST" }));
  }

  /** Throws NameNotAvailable or InvalidResourceName when no cache could be made with the name. */
  async checkName(name: string, provider: CacheProvider = "redis"): Promise<void> {
    const path = `/subscriptions/${this.subscription}/providers/Microsoft.Cache/checkNameAvailability`;
    const type = provider === "redis" ? "Microsoft.Cache/redis" : "Microsoft.Cache/redisEnterprise";
    await this.calls.call(path, { method: "POST", body: { name, type } });
  }

  async listHosts(): Promise<HostResource[]> {
    return (await this.calls.json<Page<HostResource>>(this.calls.call("/larder/hosts"))).value;
  }

  /** A token by which one host may join. */
  async createJoinToken(): Promise<JoinToken> {
    return this.calls.json(this.calls.call("/larder/hosts/tokens", { method: "POST" }));
  }

  async drainHost(hostId: string, wish: "drain" | "undrain"): Promise<HostResource> {
    return this.calls.json(this.calls.call(`/larder/hosts/${encodeURIComponent(hostId)}/${wish}`, { method: "POST" }));
  }

  /** `force`: although it is silent and still has nodes, which then count as lost. */
  async removeHost(hostId: string, { force }: { force: boolean }): Promise<void> {
    await this.calls.call(`/larder/hosts/${encodeURIComponent(hostId)}`, {
      method: "DELETE",
      ...(force ? { query: { force: "true" } } : {}),
    });
  }

  /** A new key for what the service seals on its disk, and all sealed anew with it. */
  async rotateSecrets(): Promise<RotatedSecrets> {
    return this.calls.json(this.calls.call("/larder/secrets/rotate", { method: "POST" }));
  }
}
