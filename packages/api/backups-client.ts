/** The part of the management client that is about backups. Errors are those of its calls. */
import type { BackupPolicyResource, BackupResource, FoundBackup } from "./backup-resource.ts";
import { LarderError } from "./errors.ts";
import type { Page } from "./redis-resource.ts";
import { type CacheAddress, type RestCalls, transferHeader } from "./rest-calls.ts";
import type { StorageLocation } from "./storage-location.ts";

export class BackupsClient {
  readonly #calls: RestCalls;

  constructor(calls: RestCalls) {
    this.#calls = calls;
  }

  /** null: backups are not made by themselves. */
  async policy(at: CacheAddress): Promise<BackupPolicyResource | null> {
    try {
      return (await this.#json<{ properties: BackupPolicyResource }>(at, policyPath)).properties;
    } catch (error) {
      if (error instanceof LarderError && error.code === "ResourceNotFound") return null;
      throw error;
    }
  }

  /** null ends the schedule. */
  async setPolicy(at: CacheAddress, properties: object | null): Promise<void> {
    const request = properties === null ? { method: "DELETE" } : { method: "PUT", body: { properties } };
    await (await this.#calls.onCache(at, policyPath, request)).arrayBuffer();
  }

  /** The newest first. */
  async list(at: CacheAddress): Promise<BackupResource[]> {
    return (await this.#json<Page<BackupResource>>(at, "/backups")).value;
  }

  async get(at: CacheAddress, name: string): Promise<BackupResource> {
    return this.#json(at, pathOf(name));
  }

  /** Returns once it has begun. */
  async make(at: CacheAddress, location: StorageLocation | undefined): Promise<BackupResource> {
    const body = location === undefined ? {} : { location };
    return this.#json(at, "/backups", { method: "POST", body });
  }

  /** Its files go soon after. */
  async remove(at: CacheAddress, name: string): Promise<void> {
    await (await this.#calls.onCache(at, pathOf(name), { method: "DELETE" })).arrayBuffer();
  }

  /** Begins it, and returns the transfer's id. */
  async ask(at: CacheAddress, name: string, action: "restore" | "verify", body: object = {}): Promise<string> {
    const response = await this.#calls.onCache(at, `${pathOf(name)}/${action}`, { method: "POST", body });
    await response.arrayBuffer();
    return response.headers.get(transferHeader) ?? "";
  }

  /** What a storage holds, whoever made it, the newest first. */
  async findIn(location: StorageLocation, cache: string | undefined): Promise<FoundBackup[]> {
    const body = { location, ...(cache === undefined ? {} : { cache }) };
    const path = `/subscriptions/${this.#calls.subscription}/providers/Microsoft.Cache/redisBackups`;
    return (await this.#calls.json<Page<FoundBackup>>(this.#calls.call(path, { method: "POST", body }))).value;
  }

  #json<T>(at: CacheAddress, path: string, request?: { method: string; body: unknown }): Promise<T> {
    return this.#calls.json(this.#calls.onCache(at, path, request));
  }
}

const policyPath = "/backupPolicies/default";

function pathOf(name: string): string {
  return `/backups/${encodeURIComponent(name)}`;
}
