/**
 * Calls of the management API: what is sent with each, pages of lists, long-running operations followed to their end. Which calls there
 * are is said by the clients that are made of it.
 *
 * Errors: a refusal by the API keeps its code, message and target; nobody listening is `NotRunning`.
 */
import { enterpriseOwnVersion } from "./enterprise-versions.ts";
import { type ErrorBody, type ErrorCode, errorTable, LarderError } from "./errors.ts";
import {
  type CacheProvider,
  cacheResourceId,
  clusterResourceId,
  databaseResourceId,
  resourceGroupId,
} from "./names.ts";
import { type OperationStatus, type Page, redisApiVersion } from "./redis-resource.ts";

/** Of the answer to what begins a transfer: its id. */
export const transferHeader = "x-larder-transfer";

/** The wait before poll number `attempt`: short at first, as most operations here end within it. */
export function pollDelayMs(attempt: number): number {
  return Math.min(500, 20 * 1.4 ** Math.min(attempt, 20));
}

export interface RestOptions {
  /** Base URL of the API. */
  api: string;
  /** The bearer token, or who has it at that moment. */
  token: string | (() => Promise<string>);
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
  /** Microsoft.Cache/redis, unless it says so. */
  provider?: CacheProvider;
}

export interface RestRequest {
  method?: string;
  apiVersion?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: unknown;
}

export class RestCalls {
  readonly #options: RestOptions;

  constructor(options: RestOptions) {
    this.#options = { ...options, api: options.api.replace(/\/+$/, "") };
  }

  get subscription(): string {
    return this.#options.subscription;
  }

  groupPath(name: string): string {
    return resourceGroupId(this.subscription, encodeURIComponent(name));
  }

  /** Of what has the size, the tags and the private endpoints: a cluster, or a cache that is none. */
  resourcePath(at: CacheAddress): string {
    return idsOf(at).resource(this.#placeOf(at));
  }

  /** Of what has the keys, the data and the history: the database of a cluster, or a cache that is none. */
  cachePath(at: CacheAddress): string {
    return idsOf(at).cache(this.#placeOf(at));
  }

  /** A call beneath `cachePath`, in the version of its provider. */
  onCache(at: CacheAddress, path: string, request: RestRequest = {}): Promise<Response> {
    return this.call(`${this.cachePath(at)}${path}`, { apiVersion: versionOf(at), ...request });
  }

  /** A call beneath `resourcePath`, likewise. */
  onResource(at: CacheAddress, path: string, request: RestRequest = {}): Promise<Response> {
    return this.call(`${this.resourcePath(at)}${path}`, { apiVersion: versionOf(at), ...request });
  }

  /** All pages of a list beneath `cachePath`, likewise. */
  listOnCache<T>(at: CacheAddress, path: string): Promise<T[]> {
    return this.list(`${this.cachePath(at)}${path}`, versionOf(at));
  }

  #placeOf({ resourceGroup, name }: CacheAddress) {
    const { subscription } = this;
    return { subscription, resourceGroup: encodeURIComponent(resourceGroup), name: encodeURIComponent(name) };
  }

  /** All pages of a list. */
  list<T>(path: string, apiVersion: string = redisApiVersion): Promise<T[]> {
    return Array.fromAsync(this.items<T>(path, { apiVersion }));
  }

  /** Of a list: the next page is asked for once it is needed. */
  async *items<T>(path: string, request: RestRequest): AsyncGenerator<T> {
    let page = await this.json<Page<T>>(this.call(path, request));
    yield* page.value;
    while (page.nextLink) {
      page = await this.json<Page<T>>(this.#send(page.nextLink, {}));
      yield* page.value;
    }
  }

  /** Polls the change that the API took on with `accepted` until it is done. Throws what made it fail. */
  async finish(accepted: Response): Promise<void> {
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

  /** The body of an answer. */
  async json<T>(answer: Promise<Response>): Promise<T> {
    return (await (await answer).json()) as T;
  }

  /** Throws what the API refuses with. */
  call(path: string, request: RestRequest = {}): Promise<Response> {
    const query = new URLSearchParams({ "api-version": request.apiVersion ?? redisApiVersion, ...request.query });
    return this.#send(`${this.#options.api}${path}?${query.toString()}`, request);
  }

  async #send(url: string, request: RestRequest): Promise<Response> {
    const response = await this.#fetch(url, {
      method: request.method ?? "GET",
      headers: await this.#headers(request),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      ...(this.#options.signal === undefined ? {} : { signal: this.#options.signal }),
      ...(this.#options.ca === undefined ? {} : { tls: { ca: this.#options.ca } }),
    });
    if (response.ok) return response;
    throw await refusalOf(response);
  }

  async #headers(request: RestRequest): Promise<Record<string, string>> {
    const { token } = this.#options;
    const authorization = `Bearer ${typeof token === "string" ? token : await token()}`;
    const type = request.body === undefined ? {} : { "content-type": "application/json" };
    return { ...request.headers, authorization, ...type };
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

const ids = {
  redis: { resource: cacheResourceId, cache: cacheResourceId },
  enterprise: { resource: clusterResourceId, cache: databaseResourceId },
};

function idsOf({ provider = "redis" }: CacheAddress) {
  return ids[provider];
}

function versionOf({ provider }: CacheAddress): string {
  return provider === "enterprise" ? enterpriseOwnVersion : redisApiVersion;
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
