/**
 * A client of Larder's own management API: typed calls over `fetch`, for the command line and the portal.
 *
 * It is not the way for programs to manage caches: they have Azure's own clients. It polls faster than those do, as a
 * cache is made in a fraction of a second here.
 *
 * Errors: a refusal by the API keeps its code, message and target; nobody listening is `NotRunning`.
 */
import { BackupsClient } from "./backups-client.ts";
import { type ErrorBody, type ErrorCode, errorTable, LarderError } from "./errors.ts";
import type { HostResource, JoinToken } from "./host-protocol.ts";
import { cacheResourceId, resourceGroupId } from "./names.ts";
import {
  type AccessKeys,
  type CacheEvent,
  type CacheUpdates,
  type OperationStatus,
  type Page,
  type PatchSchedule,
  type RedisCreateBody,
  type RedisResource,
  type RedisUpdateBody,
  type ResourceGroup,
  redisApiVersion,
  type ScheduleEntry,
} from "./redis-resource.ts";
import type { TransferResource } from "./transfer-resource.ts";

/** Of the answer to what begins a transfer: its id. */
export const transferHeader = "x-larder-transfer";

const resourcesApiVersion = "2021-04-01";

/** The wait before poll number `attempt`: short at first, as most operations here end within it. */
export function pollDelayMs(attempt: number): number {
  return Math.min(500, 20 * 1.4 ** Math.min(attempt, 20));
}

export interface ManagementClientOptions {
  /** Base URL of the API. */
  api: string;
  token: string;
  subscription: string;
  /** The certificate authority, as PEM text. Without it the runtime's own authorities count. */
  ca?: string;
  signal?: AbortSignal;
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  sleep?: (ms: number) => Promise<void>;
}

export interface CacheAddress {
  resourceGroup: string;
  name: string;
}

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

interface Request {
  method?: string;
  apiVersion?: string;
  query?: Record<string, string>;
  body?: unknown;
}

export class ManagementClient {
  readonly #options: ManagementClientOptions;

  constructor(options: ManagementClientOptions) {
    this.#options = { ...options, api: options.api.replace(/\/+$/, "") };
  }

  get backups(): BackupsClient {
    return new BackupsClient({
      call: (path, request) => this.#call(path, request),
      cachePath: (at) => this.#cachePath(at),
      subscription: this.subscription,
      transferHeader,
    });
  }

  get subscription(): string {
    return this.#options.subscription;
  }

  /** Needs no token. */
  async health(): Promise<ServiceHealth> {
    return this.#json(this.#call("/health"));
  }

  async listSubscriptions(): Promise<Subscription[]> {
    return this.#list("/subscriptions", resourcesApiVersion);
  }

  async listResourceGroups(): Promise<ResourceGroup[]> {
    return this.#list(`/subscriptions/${this.subscription}/resourceGroups`, resourcesApiVersion);
  }

  async putResourceGroup(
    name: string,
    body: { location: string; tags?: Record<string, string> },
  ): Promise<ResourceGroup> {
    return this.#json(this.#call(this.#groupPath(name), { method: "PUT", apiVersion: resourcesApiVersion, body }));
  }

  async deleteResourceGroup(name: string): Promise<void> {
    const response = await this.#call(this.#groupPath(name), { method: "DELETE", apiVersion: resourcesApiVersion });
    await this.#finish(response);
  }

  /** The caches of one resource group, or of the whole subscription. */
  async listCaches(resourceGroup?: string): Promise<RedisResource[]> {
    const within = resourceGroup === undefined ? `/subscriptions/${this.subscription}` : this.#groupPath(resourceGroup);
    return this.#list(`${within}/providers/Microsoft.Cache/redis`, redisApiVersion);
  }

  async getCache(at: CacheAddress): Promise<RedisResource> {
    return this.#json(this.#call(this.#cachePath(at)));
  }

  /** Creates or replaces, and waits until it is done. */
  async createCache(at: CacheAddress, body: RedisCreateBody): Promise<RedisResource> {
    await this.#finish(await this.#call(this.#cachePath(at), { method: "PUT", body }));
    return this.getCache(at);
  }

  async updateCache(at: CacheAddress, body: RedisUpdateBody): Promise<RedisResource> {
    await this.#finish(await this.#call(this.#cachePath(at), { method: "PATCH", body }));
    return this.getCache(at);
  }

  /** Returns whether there was such a cache. */
  async deleteCache(at: CacheAddress): Promise<boolean> {
    const response = await this.#call(this.#cachePath(at), { method: "DELETE" });
    await this.#finish(response);
    return response.status !== 204;
  }

  async listKeys(at: CacheAddress): Promise<AccessKeys> {
    return this.#json(this.#call(`${this.#cachePath(at)}/listKeys`, { method: "POST" }));
  }

  async regenerateKey(at: CacheAddress, keyType: "Primary" | "Secondary"): Promise<AccessKeys> {
    return this.#json(this.#call(`${this.#cachePath(at)}/regenerateKey`, { method: "POST", body: { keyType } }));
  }

  /** The newest events, the newest first. */
  async listEvents(at: CacheAddress, count: number): Promise<CacheEvent[]> {
    const query = { $top: String(count) };
    return (await this.#json<Page<CacheEvent>>(this.#call(`${this.#cachePath(at)}/events`, { query }))).value;
  }

  /** Returns once all keys are removed. Throws OutcomeUnknown where nobody knows whether they are. */
  async flushCache(at: CacheAddress): Promise<void> {
    await this.#finish(await this.#call(`${this.#cachePath(at)}/flush`, { method: "POST" }));
  }

  /** Data comes in, goes out, or is compared: begins it, and returns the transfer's id. */
  async beginTransfer(
    at: CacheAddress,
    action: "import" | "export" | "migrate" | "reverse" | "compare",
    body: unknown,
  ): Promise<string> {
    const response = await this.#call(`${this.#cachePath(at)}/${action}`, { method: "POST", body });
    await response.arrayBuffer();
    return response.headers.get(transferHeader) ?? "";
  }

  /** The newest first. */
  async listTransfers(at: CacheAddress): Promise<TransferResource[]> {
    return (await this.#json<Page<TransferResource>>(this.#call(`${this.#cachePath(at)}/transfers`))).value;
  }

  async getTransfer(at: CacheAddress, id: string): Promise<TransferResource> {
    return this.#json(this.#call(`${this.#cachePath(at)}/transfers/${encodeURIComponent(id)}`));
  }

  async askTransfer(
    at: CacheAddress,
    id: string,
    wish: "cancel" | "pause" | "resume" | "cutover",
  ): Promise<TransferResource> {
    const path = `${this.#cachePath(at)}/transfers/${encodeURIComponent(id)}/${wish}`;
    return this.#json(this.#call(path, { method: "POST" }));
  }

  /** Returns once it has begun. */
  async rebootCache(at: CacheAddress, rebootType: "PrimaryNode" | "SecondaryNode" | "AllNodes"): Promise<void> {
    await this.#call(`${this.#cachePath(at)}/forceReboot`, { method: "POST", body: { rebootType } });
  }

  /** Returns once it has begun. */
  async switchOver(at: CacheAddress): Promise<void> {
    await this.#call(`${this.#cachePath(at)}/switchover`, { method: "POST" });
  }

  /** Empty where there is none. */
  async getPatchSchedule(at: CacheAddress): Promise<ScheduleEntry[]> {
    const { value } = await this.#json<Page<PatchSchedule>>(this.#call(`${this.#cachePath(at)}/patchSchedules`));
    return value[0]?.properties.scheduleEntries ?? [];
  }

  /** An empty list takes the schedule away. */
  async setPatchSchedule(at: CacheAddress, scheduleEntries: ScheduleEntry[]): Promise<void> {
    const path = `${this.#cachePath(at)}/patchSchedules/default`;
    if (scheduleEntries.length === 0) await this.#call(path, { method: "DELETE" });
    else await this.#call(path, { method: "PUT", body: { properties: { scheduleEntries } } });
  }

  async getUpdates(at: CacheAddress): Promise<CacheUpdates> {
    return this.#json(this.#call(`${this.#cachePath(at)}/updates`));
  }

  async askUpdate(at: CacheAddress, action: "start" | "pause" | "resume"): Promise<CacheUpdates> {
    return this.#json(this.#call(`${this.#cachePath(at)}/updates/${action}`, { method: "POST" }));
  }

  /** Throws NameNotAvailable or InvalidResourceName when no cache could be made with the name. */
  async checkName(name: string): Promise<void> {
    const path = `/subscriptions/${this.subscription}/providers/Microsoft.Cache/checkNameAvailability`;
    await this.#call(path, { method: "POST", body: { name, type: "Microsoft.Cache/redis" } });
  }

  async listHosts(): Promise<HostResource[]> {
    return (await this.#json<Page<HostResource>>(this.#call("/larder/hosts"))).value;
  }

  /** A token by which one host may join. */
  async createJoinToken(): Promise<JoinToken> {
    return this.#json(this.#call("/larder/hosts/tokens", { method: "POST" }));
  }

  async drainHost(hostId: string, wish: "drain" | "undrain"): Promise<HostResource> {
    return this.#json(this.#call(`/larder/hosts/${encodeURIComponent(hostId)}/${wish}`, { method: "POST" }));
  }

  /** `force`: although it is silent and still has nodes, which then count as lost. */
  async removeHost(hostId: string, { force }: { force: boolean }): Promise<void> {
    await this.#call(`/larder/hosts/${encodeURIComponent(hostId)}`, {
      method: "DELETE",
      ...(force ? { query: { force: "true" } } : {}),
    });
  }

  #groupPath(name: string): string {
    return resourceGroupId(this.subscription, encodeURIComponent(name));
  }

  #cachePath(at: CacheAddress): string {
    return cacheResourceId({
      subscription: this.subscription,
      resourceGroup: encodeURIComponent(at.resourceGroup),
      name: encodeURIComponent(at.name),
    });
  }

  async #list<T>(path: string, apiVersion: string): Promise<T[]> {
    const items: T[] = [];
    let page: Page<T> = await this.#json<Page<T>>(this.#call(path, { apiVersion }));
    items.push(...page.value);
    while (page.nextLink) {
      page = await this.#json<Page<T>>(this.#send(page.nextLink, {}));
      items.push(...page.value);
    }
    return items;
  }

  /** Polls the change that the API took on with `accepted` until it is done. Throws what made it fail. */
  async #finish(accepted: Response): Promise<void> {
    await accepted.arrayBuffer();
    const statusUrl = statusUrlOf(accepted);
    if (statusUrl === null) return;
    for (let attempt = 0; ; attempt++) {
      await this.#sleep(pollDelayMs(attempt));
      const response = await this.#send(statusUrl, {});
      if (response.status === 204) return;
      const operation = (await response.json()) as OperationStatus;
      if (operation.status === "Succeeded") return;
      if (operation.status === "Failed") throw failureOf(operation.error ?? undefined, "The operation failed.");
    }
  }

  async #json<T>(answer: Promise<Response>): Promise<T> {
    return (await (await answer).json()) as T;
  }

  #call(path: string, request: Request = {}): Promise<Response> {
    const query = new URLSearchParams({ "api-version": request.apiVersion ?? redisApiVersion, ...request.query });
    return this.#send(`${this.#options.api}${path}?${query.toString()}`, request);
  }

  async #send(url: string, request: Request): Promise<Response> {
    const response = await this.#fetch(url, {
      method: request.method ?? "GET",
      headers: this.#headers(request),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      ...(this.#options.signal === undefined ? {} : { signal: this.#options.signal }),
      ...(this.#options.ca === undefined ? {} : { tls: { ca: this.#options.ca } }),
    });
    if (response.ok) return response;
    throw await refusalOf(response);
  }

  #headers(request: Request): Record<string, string> {
    const authorization = { authorization: `Bearer ${this.#options.token}` };
    return request.body === undefined ? authorization : { ...authorization, "content-type": "application/json" };
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    try {
      return await (this.#options.fetch ?? fetch)(url, init);
    } catch (error) {
      if (this.#options.signal?.aborted) throw error;
      throw new LarderError("NotRunning", unreachableText(this.#options.api, error), { cause: error });
    }
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#options.sleep) await this.#options.sleep(ms);
    else await new Promise((resolve) => setTimeout(resolve, ms));
    this.#options.signal?.throwIfAborted();
  }
}

function statusUrlOf(accepted: Response): string | null {
  const location = accepted.status === 202 ? accepted.headers.get("location") : null;
  return accepted.headers.get("azure-asyncoperation") ?? location;
}

async function refusalOf(response: Response): Promise<LarderError> {
  const fallback = `The management API answered ${response.status}.`;
  try {
    return failureOf(((await response.json()) as ErrorBody).error, fallback);
  } catch {
    return failureOf(undefined, fallback);
  }
}

function failureOf(error: ErrorBody["error"] | undefined, fallback: string): LarderError {
  const code: ErrorCode = error !== undefined && error.code in errorTable ? (error.code as ErrorCode) : "InternalError";
  return new LarderError(code, error?.message ?? fallback, error?.target === undefined ? {} : { target: error.target });
}

function unreachableText(api: string, error: unknown): string {
  const code = String((error as { code?: unknown }).code ?? "");
  return /CERT|VERIFY|SIGNATURE|ISSUER/i.test(code)
    ? `What answers at ${api} is not this Larder service: its certificate comes from elsewhere.`
    : `No Larder service answers at ${api}.`;
}
