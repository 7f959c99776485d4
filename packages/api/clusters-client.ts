/**
 * The part of the management client that is about clusters of `Microsoft.Cache/redisEnterprise` and their databases. What a database has
 * in common with a cache of `Microsoft.Cache/redis` the other parts ask for, by its address. Errors are those of its calls.
 */
import type { ClusterAsked, ClusterCreateBody, ClusterResource, DatabaseResource } from "./enterprise-resource.ts";
import { enterpriseOwnVersion } from "./enterprise-versions.ts";
import { LarderError } from "./errors.ts";
import { isSameName } from "./names.ts";
import type { CacheAddress, RestCalls } from "./rest-calls.ts";

/** As the API has them, one in the other. A cluster has one database or, until that is made, none. */
export interface ClusterWithDatabase extends ClusterResource {
  databases: DatabaseResource[];
}

export class ClustersClient {
  readonly #calls: RestCalls;

  constructor(calls: RestCalls) {
    this.#calls = calls;
  }

  /** Those of one resource group, or of the whole subscription. */
  async list(resourceGroup?: string): Promise<ClusterWithDatabase[]> {
    const clusters = await this.#listAlone(resourceGroup);
    const all = await Promise.all(clusters.map((cluster) => this.#unlessHidden(this.#withDatabase(cluster))));
    return all.filter((cluster) => cluster !== undefined);
  }

  /** By its name, whatever the case of that. Only its own database is asked for: there may be many clusters, and some of others. */
  async find(name: string, resourceGroup?: string): Promise<ClusterWithDatabase | undefined> {
    const found = (await this.#listAlone(resourceGroup)).find((cluster) => isSameName(cluster.name, name));
    return found && this.#withDatabase(found);
  }

  async get(at: CacheAddress): Promise<ClusterWithDatabase> {
    return this.#withDatabase(await this.#calls.json<ClusterResource>(this.#calls.onResource(at, "")));
  }

  /**
   * Returns once both are there. Where the database is refused, there is no cluster either. `database`: its properties. Throws
   * PreconditionFailed where there is such a cluster already: what is removed after a refusal must be what was made here.
   */
  async create(at: CacheAddress, cluster: ClusterCreateBody, database: object): Promise<ClusterWithDatabase> {
    const headers = { "if-none-match": "*" };
    await this.#calls.finish(await this.#calls.onResource(at, "", { method: "PUT", headers, body: cluster }));
    await this.#calls.finish(await this.#beginDatabase(at, database));
    return this.get(at);
  }

  /** Returns once it is in force: what is asked of the cluster first, then what is asked of its database. undefined: nothing. */
  async update(
    at: CacheAddress,
    cluster: ClusterAsked | undefined,
    database: object | undefined,
  ): Promise<ClusterWithDatabase> {
    if (cluster !== undefined)
      await this.#calls.finish(await this.#calls.onResource(at, "", { method: "PATCH", body: cluster }));
    if (database !== undefined) await this.#patchDatabase(at, database, cluster !== undefined);
    return this.get(at);
  }

  async #beginDatabase(at: CacheAddress, properties: object): Promise<Response> {
    try {
      return await this.#calls.onCache(at, "", { method: "PUT", body: { properties } });
    } catch (error) {
      await this.#removeAgain(at, error);
      throw error;
    }
  }

  /** Why the database was refused matters more than why the cluster stays; that it does, whoever pays for it has to know. */
  async #removeAgain(at: CacheAddress, refusal: unknown): Promise<void> {
    try {
      await this.#calls.finish(await this.#calls.onResource(at, "", { method: "DELETE" }));
    } catch (error) {
      if (!(error instanceof LarderError)) throw error;
      if (refusal instanceof LarderError)
        throw halfDone(refusal, "The cluster is there, and could not be removed again");
    }
  }

  /** Two calls are not one: whoever asked for both is told what became of each. */
  async #patchDatabase(at: CacheAddress, properties: object, isHalf: boolean): Promise<void> {
    try {
      await this.#calls.finish(await this.#calls.onCache(at, "", { method: "PATCH", body: { properties } }));
    } catch (error) {
      if (!isHalf || !(error instanceof LarderError)) throw error;
      throw halfDone(error, "What was asked of the cluster is done, of its database it is not");
    }
  }

  #listAlone(resourceGroup: string | undefined): Promise<ClusterResource[]> {
    const within =
      resourceGroup === undefined ? `/subscriptions/${this.#calls.subscription}` : this.#calls.groupPath(resourceGroup);
    return this.#calls.list(`${within}/providers/Microsoft.Cache/redisEnterprise`, enterpriseOwnVersion);
  }

  async #withDatabase(cluster: ClusterResource): Promise<ClusterWithDatabase> {
    return { ...cluster, databases: await this.#calls.list(`${cluster.id}/databases`, enterpriseOwnVersion) };
  }

  /** undefined: it has gone meanwhile, or the caller may read the cluster and not its database. A list has what may be read. */
  async #unlessHidden(asked: Promise<ClusterWithDatabase>): Promise<ClusterWithDatabase | undefined> {
    try {
      return await asked;
    } catch (error) {
      if (error instanceof LarderError && ["ResourceNotFound", "AuthorizationFailed"].includes(error.code))
        return undefined;
      throw error;
    }
  }
}

function halfDone(cause: LarderError, what: string): LarderError {
  const { code, message, target } = cause;
  return new LarderError(code, `${what}: ${message}`, { ...(target === undefined ? {} : { target }), cause });
}
