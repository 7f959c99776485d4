/**
 * The documents that agents and gateways follow, derived anew after each change of a cache, and which revision of the
 * route table each cache's route came with: a gateway that has that one in force serves the route.
 *
 * A document's revision is the store's at the moment of deriving, so it rises over restarts too, unless the store was put back from a
 * copy: therefore it goes with the controller's life. It is only published when its content changed; a change that concerns no gateway
 * wakes none.
 */
import type {
  AgentDesired,
  CacheId,
  ControllerLife,
  GatewayReport,
  NodeSpec,
  Route,
  RouteTable,
  TokenIssuer,
  TransferId,
} from "@larder/api";
import { allNodes, type CacheDocument } from "../documents/cache-document.ts";
import { deriveNodes, deriveRoute, deriveTransfers } from "../documents/derive.ts";
import { cachesPrefix, transfersPrefix } from "../documents/document-keys.ts";
import { agentsTransferId, type TransferDocument } from "../documents/transfer-document.ts";
import type { Listing, Store } from "../store/store.ts";
import { DerivedParts, type DocumentChanges } from "./derived-parts.ts";
import { LatestDocument } from "./latest-document.ts";

/** What the agent of a host is told, and what of it each cache makes. */
interface DesiredOfHost {
  document: LatestDocument<AgentDesired>;
  parts: DerivedParts<NodeSpec[]>;
}

const noChanges: DocumentChanges = { changed: [], removed: [] };

export class Published {
  readonly routes = new LatestDocument<RouteTable>();
  readonly life: ControllerLife;
  readonly #store: Store;
  readonly #tokenIssuers: () => TokenIssuer[];
  readonly #routeParts: DerivedParts<Route | undefined>;
  readonly #desired = new Map<string, DesiredOfHost>();
  #listed: Listing<CacheDocument>["documents"] = [];
  readonly #byId = new Map<CacheId, CacheDocument>();
  #caches: CacheDocument[] = [];
  /** Those under way. */
  #transfers: TransferDocument[] = [];
  #coveredRevision = 0;

  /** `tokenIssuers`: as they are at the moment. After a change of theirs, refresh(). */
  constructor(store: Store, domain: string, tokenIssuers: () => TokenIssuer[] = () => [], life?: ControllerLife) {
    this.#store = store;
    this.life = life;
    this.#tokenIssuers = tokenIssuers;
    this.#routeParts = new DerivedParts((cache) => deriveRoute(cache, domain));
  }

  /** Derives from what the store holds now. Returns the revision that it covers. */
  async refresh(): Promise<number> {
    const listing = await this.#store.list<CacheDocument>(cachesPrefix);
    // Later than the caches, if anything: what belongs to a change that came in between is derived with that.
    const transfers = await this.#store.list<TransferDocument>(transfersPrefix);
    if (listing.revision < this.#coveredRevision) return this.#coveredRevision;
    const changes = this.#takeCaches(listing.documents);
    this.#transfers = transfers.documents.map((document) => document.value);
    this.#refreshRoutes(changes, listing.revision);
    const hostIds = changes.changed.flatMap((cache) => allNodes(cache).map(({ hostId }) => hostId));
    for (const hostId of new Set([...this.#desired.keys(), ...hostIds]))
      this.#refreshDesired(hostId, changes, listing.revision);
    this.#coveredRevision = listing.revision;
    return listing.revision;
  }

  /** Which cache a transfer under way belongs to, by what agents call it; undefined: it is over. */
  cacheOfTransfer(agentsId: TransferId): CacheId | undefined {
    return this.#transfers.find((transfer) => agentsTransferId(transfer) === agentsId)?.cacheId;
  }

  /** As of the newest refresh. */
  get caches(): readonly CacheDocument[] {
    return this.#caches;
  }

  /** What the agent of a host follows. */
  desired(hostId: string): LatestDocument<AgentDesired> {
    if (!this.#desired.has(hostId)) this.#refreshDesired(hostId, noChanges, this.#coveredRevision);
    return (this.#desired.get(hostId) as DesiredOfHost).document;
  }

  /**
   * The least table revision that a gateway must have in force to serve the cache as the store has it at
   * `documentRevision`; undefined while that has not been published.
   */
  tableRevisionFor(cacheId: CacheId, documentRevision: number): number | undefined {
    if (documentRevision > this.#coveredRevision) return undefined;
    return this.#routeParts.revisionOf(cacheId) ?? this.routes.current?.revision;
  }

  /** Whether the gateway has that table in force, or a later one: of this life, as the one before may have had another store. */
  hasInForce({ life, revision }: GatewayReport, tableRevision: number): boolean {
    return life === this.life && revision >= tableRevision;
  }

  /** The store gives the same documents again while they do not change. */
  #takeCaches(listed: Listing<CacheDocument>["documents"]): DocumentChanges {
    if (listed === this.#listed) return noChanges;
    this.#listed = listed;
    this.#caches = listed.map(({ value }) => value);
    const changed = this.#caches.filter((cache) => this.#byId.get(cache.cacheId) !== cache);
    for (const cache of changed) this.#byId.set(cache.cacheId, cache);
    const removed = this.#byId.size === this.#caches.length ? [] : this.#takeAway();
    return { changed, removed };
  }

  #takeAway(): CacheId[] {
    const left = new Set(this.#caches.map(({ cacheId }) => cacheId));
    const removed = [...this.#byId.keys()].filter((cacheId) => !left.has(cacheId));
    for (const cacheId of removed) this.#byId.delete(cacheId);
    return removed;
  }

  #refreshRoutes(changes: DocumentChanges, revision: number): void {
    const isChanged = this.#routeParts.update(changes, revision);
    const tokenIssuers = this.#tokenIssuers();
    const { current } = this.routes;
    if (!isChanged && current !== undefined && sameText(current.tokenIssuers, tokenIssuers)) return;
    const routes = this.#routeParts.all().flatMap((route) => route ?? []);
    this.routes.publish({ life: this.life, revision, tokenIssuers, routes });
  }

  #refreshDesired(hostId: string, changes: DocumentChanges, revision: number): void {
    const desired = this.#desired.get(hostId) ?? newDesired(hostId);
    const isNew = !this.#desired.has(hostId);
    this.#desired.set(hostId, desired);
    const isChanged = desired.parts.update(isNew ? { changed: this.#caches, removed: [] } : changes, revision);
    const transfers = this.#transfers.flatMap((transfer) => {
      const cache = this.#byId.get(transfer.cacheId);
      return cache === undefined ? [] : deriveTransfers(cache, [transfer], hostId);
    });
    const before = desired.document.current;
    const nodes = isChanged || before === undefined ? desired.parts.all().flat() : before.nodes;
    const isKnown = before !== undefined && sameMembers(before.nodes, nodes) && sameText(before.transfers, transfers);
    if (!isKnown) desired.document.publish({ life: this.life, revision, nodes, transfers });
  }
}

function newDesired(hostId: string): DesiredOfHost {
  return { document: new LatestDocument(), parts: new DerivedParts((cache) => deriveNodes(cache, hostId)) };
}

function sameMembers<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}

function sameText(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
