/**
 * The commands on the databases of clusters. A database is a cache (documents/enterprise-document.ts): what is asked of it becomes
 * what is asked of that.
 */
import { type DatabaseAsked, LarderError } from "@larder/api";
import { startedUpdate } from "../caches/cache-changes.ts";
import type { Caches, Commanded, Place, Precondition } from "../caches/caches.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import { type Clusters, going } from "./clusters.ts";
import { changedDatabase, newDatabase } from "./database-rules.ts";

export class Databases {
  readonly #clusters: Clusters;
  readonly #caches: Caches;

  constructor({ clusters, caches }: { clusters: Clusters; caches: Caches }) {
    this.#clusters = clusters;
    this.#caches = caches;
  }

  /** PUT: creates the database, or changes it. `version`: of the API, whose defaults count. */
  async put(place: Place, asked: DatabaseAsked, version: string, precondition: Precondition): Promise<Commanded> {
    const { stored, database } = await this.#clusters.require(place);
    if (database !== undefined) return this.patch(place, asked, precondition);
    precondition(undefined);
    const { value: cluster } = stored;
    if (cluster.removal !== null) throw going(cluster);
    const { subscription, resourceGroup, name } = cluster;
    const along = { require: [stored], put: [] };
    const wanted = newDatabase(cluster, asked, version);
    return this.#caches.create({ subscription, resourceGroup, name, provider: "enterprise" }, wanted, along);
  }

  async patch(place: Place, asked: DatabaseAsked, precondition: Precondition): Promise<Commanded> {
    const { stored } = await this.#clusters.require(place);
    const { acceptEviction } = asked.larder ?? {};
    const along = { require: [stored], put: [] };
    const decide = (cache: CacheDocument) => {
      precondition(cache);
      return changedDatabase(stored.value, asked, cache);
    };
    return this.#caches.change(place, decide, { acceptEviction, along });
  }

  /** undefined where there is none. */
  async remove(place: Place, precondition: Precondition): Promise<OperationDocument | undefined> {
    await this.#clusters.require(place);
    return this.#caches.remove(place, precondition);
  }

  /** To the newest engine, now. Throws Conflict where it is on that. */
  async upgrade(place: Place, isPending: boolean): Promise<Commanded> {
    if (!isPending)
      throw new LarderError("Conflict", `The database of '${place.name}' has the newest engine that its hosts have.`);
    return this.#caches.change(place, () => ({ update: startedUpdate }));
  }
}
