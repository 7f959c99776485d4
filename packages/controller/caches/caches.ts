/**
 * The commands on caches: create, change, remove, renew a key. Each checks, then commits one transaction; the reconciler
 * does the rest. Refusals throw LarderError. A command that was overtaken by another change of the same cache reads
 * again and checks again.
 */
import {
  type AccessKeys,
  type AgentReport,
  type CacheId,
  type CacheProvider,
  databaseName,
  isOlder,
  LarderError,
  type RedisCreateBody,
  type RedisUpdateBody,
} from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import {
  allNodes,
  type CacheDocument,
  type CacheNode,
  type CacheSettings,
  type ChangeKind,
} from "../documents/cache-document.ts";
import { type EventNote, noteEvent } from "../documents/cache-events.ts";
import { deriveNodes, deriveRoute, limitsOf } from "../documents/derive.ts";
import { cacheKey, cachesPrefix, clusterKey, groupKey, operationKey } from "../documents/document-keys.ts";
import type { GroupDocument } from "../documents/group-document.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import type { Hosts } from "../hosts/hosts.ts";
import type { Store, StoredDocument } from "../store/store.ts";
import { wantedEngine } from "../updates/wanted-engine.ts";
import type { AdmissionLock } from "./admission-lock.ts";
import { type Along, type Changes, type NewCache, nothing, startedUpdate } from "./cache-changes.ts";
import { busy, groupGoing, nameTaken, notFound, notReady } from "./cache-refusals.ts";
import { settingsOfPatch, settingsOfPut } from "./cache-rules.ts";
import { openHosts, placeNodes } from "./capacity.ts";
import { accessBy, loginSwitch } from "./login-rules.ts";
import { newCacheDocument } from "./new-cache.ts";
import { newNodeId } from "./node-id.ts";
import { freePort, portsTaken, requireFreePort } from "./own-ports.ts";
import { withPersistedSince } from "./persistence-rules.ts";
import { checkScale, type ScaleFacts, sizeOf } from "./scaling-rules.ts";

export interface CachesOptions {
  store: Store;
  admission: AdmissionLock;
  clock: Clock;
  randomness: Randomness;
  portBase: number;
  /** Ports of the service itself. */
  portsReserved: readonly number[];
  operationTimeoutMs: number;
  /** The newest reports of connected agents. */
  agentReports(): AgentReport[];
  hosts: Pick<Hosts, "draining">;
}

/** Throws PreconditionFailed unless the cache as it is, or its absence, is what the caller expects. */
export type Precondition = (current: CacheDocument | undefined) => void;

/** A cache after a command; `operationId` where something is left to do. */
export interface Commanded {
  stored: StoredDocument<CacheDocument>;
  operationId: string | undefined;
  created: boolean;
}

export interface Place {
  subscription: string;
  resourceGroup: string;
  name: string;
  /** Microsoft.Cache/redis, unless it says so. */
  provider?: CacheProvider;
}

/** A change for which data is copied may take so many times longer. */
const copyingFactor = 30;
const accessKeyBytes = 32;

export class Caches {
  readonly #options: CachesOptions;

  constructor(options: CachesOptions) {
    this.#options = options;
  }

  find(name: string): Promise<StoredDocument<CacheDocument> | undefined> {
    return this.#options.store.get<CacheDocument>(cacheKey(name));
  }

  async all(): Promise<readonly StoredDocument<CacheDocument>[]> {
    return (await this.#options.store.list<CacheDocument>(cachesPrefix)).documents;
  }

  /** PUT: creates the cache, or sets it to exactly what is asked. */
  put(place: Place, body: RedisCreateBody, precondition: Precondition): Promise<Commanded> {
    return this.#options.admission.exclusively(async () => {
      const stored = await this.find(place.name);
      if (stored === undefined) {
        precondition(undefined);
        const settings = this.#dated(settingsOfPut(body.properties, undefined), undefined);
        const free = { key: clusterKey(place.name), revision: 0 };
        if (await this.#options.store.get(free.key)) throw nameTaken(place.name);
        return this.#create(
          place,
          { location: body.location, tags: body.tags ?? {}, settings },
          { require: [free], put: [] },
        );
      }
      if (!isIn(stored.value, place)) throw nameTaken(place.name);
      precondition(stored.value);
      if (simplified(body.location) !== simplified(stored.value.location))
        throw new LarderError("InvalidParameter", `The cache is in '${stored.value.location}' and cannot move.`, {
          target: "location",
        });
      const settings = this.#dated(settingsOfPut(body.properties, stored.value.settings), stored.value.settings);
      const { acceptEviction } = body.properties.larder ?? {};
      return this.#change(stored, { settings, tags: body.tags ?? {} }, { acceptEviction });
    });
  }

  /** PATCH. */
  patch(place: Place, body: RedisUpdateBody, precondition: Precondition): Promise<Commanded> {
    return this.#options.admission.exclusively(async () => {
      const stored = await this.require(place);
      precondition(stored.value);
      const settings = this.#dated(
        settingsOfPatch(body.properties ?? {}, stored.value.settings),
        stored.value.settings,
      );
      const { acceptEviction } = body.properties?.larder ?? {};
      return this.#change(stored, { settings, tags: body.tags ?? stored.value.tags }, { acceptEviction });
    });
  }

  /** Makes a cache that the rules of its provider have been applied to. */
  create(place: Place, wanted: NewCache, along: Along): Promise<Commanded> {
    return this.#options.admission.exclusively(async () => {
      if (await this.find(place.name)) throw nameTaken(place.name);
      return this.#create(place, { ...wanted, settings: this.#dated(wanted.settings, undefined) }, along);
    });
  }

  /** Changes a cache to what the rules of its provider, `decide`, make of it. */
  change(
    place: Place,
    decide: (cache: CacheDocument) => Changes,
    options: { acceptEviction?: boolean | undefined; along?: Along } = {},
  ): Promise<Commanded> {
    return this.#options.admission.exclusively(async () => {
      const stored = await this.require(place);
      const changes = decide(stored.value);
      const settings = this.#dated(changes.settings ?? stored.value.settings, stored.value.settings);
      return this.#change(stored, { ...changes, settings }, options);
    });
  }

  /** Returns the operation, that of an earlier call where the removal is under way; undefined when there is no cache. */
  remove(place: Place, precondition: Precondition): Promise<OperationDocument | undefined> {
    return this.#options.admission.exclusively(async () => {
      const stored = await this.find(place.name);
      if (stored === undefined || !isIn(stored.value, place)) {
        precondition(undefined);
        return undefined;
      }
      const cache = stored.value;
      precondition(cache);
      if (cache.removal !== null && cache.change !== null)
        return (await this.#operation(cache.change.operationId)) ?? undefined;
      if (cache.change !== null) throw busy(cache);
      const operation = this.#newOperation("delete", cache);
      const change = this.#changeOf(operation);
      await this.#commit(stored, { ...cache, change, failure: null, removal: cache.removal ?? "route" }, operation);
      return operation;
    });
  }

  /** Begins the removal of a cache whichever group it is in; does nothing where it cannot begin now. */
  async removeByName(name: string): Promise<void> {
    const stored = await this.find(name);
    if (stored === undefined || stored.value.change !== null) return;
    await this.remove(stored.value, () => {});
  }

  /** Returns the cache with the new key in place. */
  renewKey(place: Place, which: keyof AccessKeys): Promise<StoredDocument<CacheDocument>> {
    return this.#options.admission.exclusively(async () => {
      const stored = await this.require(place);
      const cache = stored.value;
      if (cache.change !== null || cache.removal !== null) throw busy(cache);
      const keys = { ...cache.keys, [which]: this.#newAccessKey() };
      return this.#commit(stored, { ...cache, keys, version: cache.version + 1 });
    });
  }

  /** Throws ResourceNotFound. */
  async require(place: Place): Promise<StoredDocument<CacheDocument>> {
    const stored = await this.find(place.name);
    if (stored !== undefined && isIn(stored.value, place)) return stored;
    const isDatabase = place.provider === "enterprise";
    throw notFound(
      place,
      isDatabase ? `redisEnterprise/${place.name}/databases/${databaseName}` : `Redis/${place.name}`,
    );
  }

  async #create(place: Place, { location, tags, settings, ...wanted }: NewCache, along: Along): Promise<Commanded> {
    const { store, randomness } = this.#options;
    const caches = (await this.all()).map((stored) => stored.value);
    const cacheId = randomness.uuid() as CacheId;
    const hostIds = placeNodes({ cacheId, settings }, caches, openHosts(this.#agents(), this.#options.hosts.draining));
    const group = await store.get<GroupDocument>(groupKey(place.resourceGroup));
    if (group === undefined || group.value.removal !== null) throw groupGoing(place.resourceGroup);
    const operation = this.#newOperation("create", { subscription: place.subscription, location });
    const cache = newCacheDocument(
      { ...place, resourceGroup: group.value.name },
      { location, tags, settings, ...wanted },
      {
        cacheId,
        nodes: hostIds.map((hostId) => this.#newNode(place.name, hostId, settings)),
        keys: { primaryKey: this.#newAccessKey(), secondaryKey: this.#newAccessKey() },
        enginePasswords: {
          admin: this.#newEnginePassword(),
          app: this.#newEnginePassword(),
          replication: this.#newEnginePassword(),
        },
        ports: this.#newPorts(caches, settings, wanted.port),
        change: this.#changeOf(operation),
      },
    );
    const require = [...along.require, { key: group.key, revision: group.revision }];
    const at = { key: cacheKey(place.name), revision: 0 };
    const stored = await this.#commit(at, cache, operation, { ...along, require });
    return { stored, operationId: operation.operationId, created: true };
  }

  #dated(settings: CacheSettings, current: CacheSettings | undefined): CacheSettings {
    return withPersistedSince(settings, current, this.#options.clock.nowMs());
  }

  async #change(
    stored: StoredDocument<CacheDocument>,
    changes: Changes,
    { acceptEviction = false, along = nothing }: { acceptEviction?: boolean | undefined; along?: Along },
  ): Promise<Commanded> {
    const cache = stored.value;
    if (cache.change !== null || cache.removal !== null) throw busy(cache);
    const settings = changes.settings ?? cache.settings;
    const next: CacheDocument = { ...cache, ...changes, access: accessBy(settings, cache), version: cache.version + 1 };
    const retried = cache.failure !== null;
    const isUpdate = changes.update?.startNow === true || this.#asksForEngine(cache, next);
    if (!retried && sameText({ ...next, version: cache.version }, cache))
      return { stored, operationId: undefined, created: false };
    if (!retried && sameText(consequences(cache), consequences(next)) && !isUpdate)
      return { stored: await this.#commit(stored, next, undefined, along), operationId: undefined, created: false };
    const scales = !sameText(sizeOf(next.settings), sizeOf(cache.settings));
    if (scales) checkScale(cache, next, await this.scaleFacts(acceptEviction));
    const operation = this.#newOperation(scales ? "scale" : "update", cache);
    const change = this.#changeOf(operation);
    // Whoever asks for another version wants it now.
    const update = isUpdate ? startedUpdate : next.update;
    const changing = { ...next, generation: cache.generation + 1, change, update, failure: null };
    return {
      stored: await this.#commitSwitch(stored, changing, operation, along),
      operationId: operation.operationId,
      created: false,
    };
  }

  /** Throws InvalidParameter for an older one: it could not read what the newer one wrote. */
  #asksForEngine(cache: CacheDocument, next: CacheDocument): boolean {
    const reports = this.#options.agentReports();
    const [from, to] = [cache, next].map((one) => wantedEngine(one.settings.redisVersion, reports));
    if (!from || !to || sameText(from, to)) return false;
    const has = cache.nodes[0]?.engine ?? from;
    if (!isOlder(to, has)) return isOlder(has, to);
    const text = `The cache runs on ${has.name} ${has.version} and cannot go back to ${to.name} ${to.version}.`;
    throw new LarderError("InvalidParameter", text, { target: "properties.redisVersion" });
  }

  /** What rules on sizes judge by. */
  async scaleFacts(isEvictionAccepted = false): Promise<ScaleFacts> {
    const reports = this.#agents();
    const caches = (await this.all()).map((stored) => stored.value);
    return { caches, reports, open: openHosts(reports, this.#options.hosts.draining), isEvictionAccepted };
  }

  #agents(): AgentReport[] {
    const reports = this.#options.agentReports();
    if (reports.length === 0) throw notReady();
    return reports;
  }

  /** What turns a way to log in on or off is in the cache's history. */
  async #commitSwitch(
    stored: StoredDocument<CacheDocument>,
    changing: CacheDocument,
    operation: OperationDocument,
    along: Along,
  ): Promise<StoredDocument<CacheDocument>> {
    const text = loginSwitch(stored.value.settings, changing.settings);
    if (text === undefined) return this.#commit(stored, changing, operation, along);
    const note: EventNote = { kind: "access", cause: "asked for", text, durationMs: null, holdMs: null };
    const { cache, put } = noteEvent(changing, note, this.#options.clock.nowMs());
    return this.#commit(stored, cache, operation, { ...along, put: [...along.put, put] });
  }

  async #commit(
    at: { key: string; revision: number },
    cache: CacheDocument,
    operation?: OperationDocument,
    along = nothing,
  ): Promise<StoredDocument<CacheDocument>> {
    const put = [...along.put, { key: at.key, value: cache as unknown }];
    if (operation !== undefined) put.push({ key: operationKey(operation.operationId), value: operation });
    const require = [{ key: at.key, revision: at.revision }, ...along.require];
    const outcome = await this.#options.store.transact({ require, put });
    if (outcome.committed) return { key: at.key, value: cache, revision: outcome.revision };
    throw new LarderError("Conflict", `'${cache.name}' was changed at the same moment; try again.`);
  }

  async #operation(operationId: string): Promise<OperationDocument | undefined> {
    return (await this.#options.store.get<OperationDocument>(operationKey(operationId)))?.value;
  }

  #newOperation(kind: ChangeKind, at: Pick<OperationDocument, "subscription" | "location">): OperationDocument {
    const { clock, randomness } = this.#options;
    return {
      operationId: randomness.uuid(),
      kind,
      subscription: at.subscription,
      location: at.location,
      startMs: clock.nowMs(),
      endMs: null,
      error: null,
    };
  }

  #changeOf(operation: OperationDocument) {
    const { operationTimeoutMs } = this.#options;
    const deadlineMs = operation.startMs + operationTimeoutMs * (operation.kind === "scale" ? copyingFactor : 1);
    return { kind: operation.kind as ChangeKind, operationId: operation.operationId, deadlineMs };
  }

  /** A database that speaks plain text has its one port, which may be asked for, there. */
  #newPorts(
    caches: readonly CacheDocument[],
    { enterprise, enableNonSslPort }: CacheSettings,
    asked: number | undefined,
  ): CacheDocument["ports"] {
    const taken = portsTaken(caches, this.#options.portsReserved);
    if (asked !== undefined) requireFreePort(asked, taken);
    const port = asked ?? freePort(this.#options.portBase, taken);
    const first = { port, served: false };
    const second = { port: freePort(Math.max(port + 1, this.#options.portBase), taken), served: false };
    return enterprise !== null && enableNonSslPort ? { tls: second, plain: first } : { tls: first, plain: second };
  }

  #newAccessKey(): string {
    return this.#options.randomness.bytes(accessKeyBytes).toString("base64");
  }

  #newEnginePassword(): string {
    return this.#options.randomness.bytes(32).toString("hex");
  }

  #newNode(name: string, hostId: string, settings: CacheSettings): CacheNode {
    const { randomness, clock, agentReports } = this.#options;
    const { memoryBytes } = limitsOf({ settings });
    const engine = wantedEngine(settings.redisVersion, agentReports());
    return { nodeId: newNodeId(name, randomness), hostId, memoryBytes, engine, addedMs: clock.nowMs(), endRunId: null };
  }
}

function isIn(cache: CacheDocument, place: Place): boolean {
  if (cache.provider !== (place.provider ?? "redis")) return false;
  return cache.resourceGroup.toLowerCase() === place.resourceGroup.toLowerCase();
}

/** What agents and gateways would be told. */
function consequences(cache: CacheDocument): unknown {
  return [
    allNodes(cache).map(({ hostId }) => deriveNodes(cache, hostId)),
    deriveRoute(cache, ""),
    sizeOf(cache.settings),
  ];
}

function sameText(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Locations compare without spaces and case. */
function simplified(location: string): string {
  return location.replaceAll(" ", "").toLowerCase();
}
