/**
 * A store that was put back from a copy may name a leader who has been succeeded since. Engines refuse it, as the epoch that they have in
 * force is higher, and would refuse every one after it up to there, while nobody is served. So where a node reports a higher epoch than
 * the store has, the store catches up: whoever leads goes on to lead. Where nobody does, one whom nobody knows counts as ended, so that all
 * stop and whoever has the most of the newest data succeeds (plan-leader.ts). The store's own leader may have been overtaken long ago: its
 * end says nothing of who came after it, and it may itself have the newest copy.
 *
 * A node is looked at until it was once found to know of nothing newer: from then on it gets its epochs from this store alone. During a
 * move the target may be an epoch ahead: that is the move's own business.
 */
import type { Leader, NodeId, NodeObserved, ReplicationObserved } from "@larder/api";
import type { Clock, Log } from "@larder/service";
import type { CacheDocument } from "../documents/cache-document.ts";
import { cachesPrefix } from "../documents/document-keys.ts";
import { isPersistent } from "../documents/persistence.ts";
import type { Store, StoredDocument } from "../store/store.ts";
import type { Observations } from "./observations.ts";
import { firstReportsMs } from "./plan/serving.ts";

export interface OvertakenLeadersOptions {
  store: Store;
  observations: Pick<Observations, "agentReports" | "nextChange" | "sinceMs">;
  clock: Clock;
  log: Log;
}

export class OvertakenLeaders {
  readonly #options: OvertakenLeadersOptions;
  readonly #stopping = new AbortController();
  /** Nodes that know of nothing that the store does not. */
  #known: ReadonlySet<NodeId> = new Set();
  #following: Promise<void> = Promise.resolve();

  constructor(options: OvertakenLeadersOptions) {
    this.#options = options;
  }

  start(): void {
    this.#following = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { observations, log } = this.#options;
    const { signal } = this.#stopping;
    for (; !signal.aborted; await observations.nextChange(signal)) {
      const nodes = observations.agentReports().flatMap((report) => report.nodes);
      if (!nodes.some((node) => this.#isNew(node))) continue;
      try {
        await this.#catchUp(nodes);
      } catch (error) {
        log.error({ err: error }, "leaders in force could not be compared with the store's");
      }
    }
  }

  #isNew({ nodeId, replication }: NodeObserved): boolean {
    return replication !== null && !this.#known.has(nodeId);
  }

  async #catchUp(nodes: readonly NodeObserved[]): Promise<void> {
    const seen = new Map(nodes.map((node) => [node.nodeId, node]));
    const { documents } = await this.#options.store.list<CacheDocument>(cachesPrefix);
    const behind = documents.filter(({ value }) => highestEpoch(value, seen) > (value.leader?.epoch ?? 0));
    for (const stored of behind) await this.#succeed(stored, seen);
    const left = new Set(behind.flatMap(({ value }) => value.nodes.map(({ nodeId }) => nodeId)));
    const known = nodes.filter(({ nodeId, replication }) => replication !== null && !left.has(nodeId));
    this.#known = new Set(known.map(({ nodeId }) => nodeId));
  }

  async #succeed({ key, value, revision }: StoredDocument<CacheDocument>, seen: Seen): Promise<void> {
    const { observations, clock } = this.#options;
    const nowMs = clock.nowMs();
    const leader = leaderAbove(value, seen, { nowMs, areAllHeard: nowMs >= observations.sinceMs + firstReportsMs });
    if (leader === null) return;
    const put = [{ key, value: { ...value, leader } }];
    const { committed } = await this.#options.store.transact({ require: [{ key, revision }], put });
    const { cacheId, name: cache } = value;
    if (committed) this.#options.log.warn({ cacheId, cache, epoch: leader.epoch }, "the store knew of an older leader");
  }
}

const nobody = { nodeId: "" as NodeId, runId: "" };

type Seen = ReadonlyMap<NodeId, NodeObserved>;

function highestEpoch({ nodes }: CacheDocument, seen: Seen): number {
  return Math.max(0, ...nodes.map(({ nodeId }) => seen.get(nodeId)?.replication?.epoch ?? 0));
}

/**
 * Who leads from now on, with an epoch above all that are in force; null: that cannot be said yet, or is not to be decided here.
 * `areAllHeard`: whoever has not been heard by now is silent.
 */
export function leaderAbove(
  cache: CacheDocument,
  seen: Seen,
  { nowMs, areAllHeard }: { nowMs: number; areAllHeard: boolean },
): Leader | null {
  if (cache.move !== null) return null;
  const highest = highestEpoch(cache, seen);
  const heard = cache.nodes.flatMap(({ nodeId }) => spokenOf(seen.get(nodeId)));
  const leads = heard.find(({ replication: { role, epoch } }) => role === "primary" && epoch === highest);
  const epoch = highest + 1;
  // Who has all of that epoch's data has all of the next one's.
  if (leads !== undefined && leads.runId !== null) {
    const { nodeId, runId, replication } = leads;
    return { epoch, firstEpoch: highest, nodeId, runId, endedAtMs: null, address: replication.address };
  }
  const hasAll = heard.length === cache.nodes.length;
  const mayLead = heard.some(({ replication }) => replication.hearsLeader) || !(hasAll || areAllHeard);
  if (mayLead || cache.leader === null) return null;
  // Where nothing newer can be anywhere, what is left of before is good.
  const firstEpoch = hasAll && !isPersistent(cache.settings) ? newestCopy(heard) || highest : highest;
  return { ...cache.leader, ...nobody, epoch, firstEpoch, endedAtMs: nowMs };
}

type Spoken = NodeObserved & { replication: ReplicationObserved };

/** Of an engine that does not answer yet nothing is known. */
function spokenOf(node: NodeObserved | undefined): Spoken[] {
  return node === undefined || node.replication === null ? [] : [{ ...node, replication: node.replication }];
}

function newestCopy(heard: readonly Spoken[]): number {
  return Math.max(0, ...heard.map(({ replication }) => replication.copiedEpoch));
}
