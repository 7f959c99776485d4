/**
 * The documents that agents and gateways follow, derived anew after each change of a cache, and which revision of the
 * route table each cache's route came with: a gateway that has that one in force serves the route.
 *
 * A document's revision is the store's at the moment of deriving, so it rises over restarts too. It is only published
 * when its content changed; a change that concerns no gateway wakes none.
 */
import type { AgentDesired, CacheId, NodeSpec, Route, RouteTable, TokenIssuer, TransferId } from "@larder/api";
import { allNodes, type CacheDocument } from "../documents/cache-document.ts";
import { deriveNodes, deriveRoute, deriveTransfers } from "../documents/derive.ts";
import { cachesPrefix, transfersPrefix } from "../documents/document-keys.ts";
import { agentsTransferId, type TransferDocument } from "../documents/transfer-document.ts";
import type { Store } from "../store/store.ts";
import { DerivedParts } from "./derived-parts.ts";
import { LatestDocument } from "./latest-document.ts";

interface RouteStanding {
  /** undefined where there is none. */
  route: Route | undefined;
  tableRevision: number;
}

/** What the agent of a host is told, and what of it each cache makes. */
interface DesiredOfHost {
  document: LatestDocument<AgentDesired>;
  parts: DerivedParts<NodeSpec[]>;
}

export class Published {
  readonly routes = new LatestDocument<RouteTable>();
  readonly #store: Store;
  readonly #tokenIssuers: () => TokenIssuer[];
  readonly #routeParts: DerivedParts<Route | undefined>;
  readonly #desired = new Map<string, DesiredOfHost>();
  #standings = new Map<CacheId, RouteStanding>();
  #caches: CacheDocument[] = [];
  /** Those under way. */
  #transfers: TransferDocument[] = [];
  #coveredRevision = 0;

  /** `tokenIssuers`: as they are at the moment. After a change of theirs, refresh(). */
  constructor(store: Store, domain: string, tokenIssuers: () => TokenIssuer[] = () => []) {
    this.#store = store;
    this.#tokenIssuers = tokenIssuers;
    this.#routeParts = new DerivedParts((cache) => deriveRoute(cache, domain));
  }

  /** Derives from what the store holds now. Returns the revision that it covers. */
  async refresh(): Promise<number> {
    const listing = await this.#store.list<CacheDocument>(cachesPrefix);
    // Later than the caches, if anything: what belongs to a change that came in between is derived with that.
    const transfers = await this.#store.list<TransferDocument>(transfersPrefix);
    if (listing.revision < this.#coveredRevision) return this.#coveredRevision;
    this.#caches = listing.documents.map((document) => document.value);
    this.#transfers = transfers.documents.map((document) => document.value);
    this.#refreshRoutes(listing.revision);
    for (const hostId of new Set([
      ...this.#desired.keys(),
      ...this.#caches.flatMap((cache) => allNodes(cache).map(({ hostId }) => hostId)),
    ]))
      this.#refreshDesired(hostId, listing.revision);
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
    if (!this.#desired.has(hostId)) this.#refreshDesired(hostId, this.#coveredRevision);
    return (this.#desired.get(hostId) as DesiredOfHost).document;
  }

  /**
   * The least table revision that a gateway must have in force to serve the cache as the store has it at
   * `documentRevision`; undefined while that has not been published.
   */
  tableRevisionFor(cacheId: CacheId, documentRevision: number): number | undefined {
    if (documentRevision > this.#coveredRevision) return undefined;
    return this.#standings.get(cacheId)?.tableRevision ?? this.routes.current?.revision;
  }

  #refreshRoutes(revision: number): void {
    const standings = new Map<CacheId, RouteStanding>();
    for (const [cacheId, route] of this.#routeParts.of(this.#caches)) {
      const before = this.#standings.get(cacheId);
      standings.set(
        cacheId,
        before !== undefined && before.route === route ? before : { route, tableRevision: revision },
      );
    }
    const tokenIssuers = this.#tokenIssuers();
    const changed =
      this.routes.current === undefined ||
      !sameText(this.routes.current.tokenIssuers, tokenIssuers) ||
      standings.size !== this.#standings.size ||
      [...standings].some(([cacheId, standing]) => this.#standings.get(cacheId) !== standing);
    this.#standings = standings;
    const routes = [...standings.values()].flatMap(({ route }) => route ?? []);
    if (changed) this.routes.publish({ revision, tokenIssuers, routes });
  }

  #refreshDesired(hostId: string, revision: number): void {
    const desired = this.#desired.get(hostId) ?? newDesired(hostId);
    this.#desired.set(hostId, desired);
    const nodes = [...desired.parts.of(this.#caches).values()].flat();
    const transfers = this.#caches.flatMap((cache) => deriveTransfers(cache, this.#transfers, hostId));
    const before = desired.document.current;
    const isKnown = before !== undefined && sameMembers(before.nodes, nodes) && sameText(before.transfers, transfers);
    if (!isKnown) desired.document.publish({ revision, nodes, transfers });
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
