/**
 * Scripts of one cache's life, for tests of the plan. Each line is something that happens and, after `=>`, what the
 * controller then does:
 *
 *   create [N nodes]                               its owner asks
 *   import | merge | export | verify | migrate [manual]  a transfer is asked for: t1, then t2; later cancel t1 | cutover t1
 *   t1: running | done | failed CODE | following LAG   its agent says so
 *   plain on | delete | replicas N | size CAPACITY | switchover | reboot NODE | readers on | durable on | kept on
 *   agent: silent | gone | starting | running | failed CODE
 *   a: …, b: …, c: …                               as `agent`, which is a, of the first, second and third node; and:
 *   b: copied OFFSET | cut                         it has all that its primary has; it has lost its primary
 *   b: unfed OFFSET                                it has a whole copy, and its primary sends nothing more to it yet
 *   b: deaf | hears                                its engine does not take what it is told; it does again
 *   a: kept EPOCH OFFSET                           so much is on its disk, and in the memory of its next life
 *   a: looks | looked                              for anything newer, while nobody leads
 *   a: unreadable NAME                             a file of what it kept, which it has put aside
 *   a: unkept CODE | keeps                         its persistence fails; it works again, and has had a success since
 *   a: ended                                       its engine died, and its agent starts it again
 *   gateway: none | behind | serving | taken PORT  it is away; has an old table; the newest; a port it cannot have
 *   gateway: prepared | drained | expired          it has the newest table, and is so far with the move
 *   gateway: follows                               it has the newest table, and has done what a move wants of it
 *   orders: fail | work                            agents do not carry out orders; they do
 *   host-a: draining                               it is to be emptied
 *   room: none | NODE                              no host has room for one more node; that node's host has
 *   engine: VERSION                                hosts have this Valkey, and it may be used now
 *   after Ns                                       time passes
 *   restart                                        the controller dies and comes back, knowing only documents
 *
 *   => appoint NODE | stop all, after NODE | publish NODE | publish none | readers NODES, or none | move tls | settle | fail CODE | remove | forget
 *      prepare NODE | hold | hand over to NODE | call off | add NODE | drop NODE | resize NODE | restarted NODE | relieved
 *      fill NODE | start t1 on NODE | t1 goes on | t1 relocated | t1 succeeded, or failed CODE | drop intake
 *      tell WHAT | stays | stop update | rest | settled
 *
 * Generations, roles and the gateway's table follow the documents by themselves where the line says running, copied or
 * serving. The document at the end is compared by the caller.
 */
import type { EngineVersion, MoveReport, NodeId, TransferId, TransferObserved } from "@larder/api";
import { allNodes, type CacheDocument, type CacheNode, type CacheSettings } from "../../documents/cache-document.ts";
import { cacheFixture, nodeFixture } from "../../documents/cache-fixture.ts";
import { deriveRoute } from "../../documents/derive.ts";
import { agentsTransferId, isOver, type TransferDocument } from "../../documents/transfer-document.ts";
import { taskFixtures, transferFixture, transferObservedFixture } from "../../documents/transfer-fixture.ts";
import { cacheWithout } from "../../transfers/transfer-end.ts";
import { transferAfter } from "../../transfers/transfer-steps.ts";
import { type Applied, applyAction, type Circumstances } from "./apply-action.ts";
import type { CacheObserved } from "./observed.ts";
import { type CacheAction, type CachePlan, planCache } from "./plan-cache.ts";
import { ScriptedNode } from "./scripted-node.ts";

const nodeNames = [..."abcdefgh"];
const GiB = 1024 ** 3;

export class ScriptedCache {
  cache: CacheDocument | undefined = cacheFixture({ nodes: nodesOf(1) });
  nowMs = 0;
  /** All that were asked for, also those that are over. */
  transfers: TransferDocument[] = [];
  readonly #said = new Map<string, TransferObserved>();
  readonly #nodes = new Map(nodeNames.map((name) => [name, new ScriptedNode(name)]));
  #gateway: "none" | { table: string; taken: number[]; move: MoveReport["state"] | null } = "none";
  #sinceMs = 0;
  #doOrdersWork = true;
  #around = {
    hostsDraining: [] as string[],
    engine: null as EngineVersion | null,
    mayUpdate: true,
    hasPlace: true,
    freeBytes: new Map<string, number>(),
  };

  /** Does what the line says. */
  happen(event: string): void {
    const [subject = "", ...rest] = event.split(/:? /);
    const what = rest.join(" ");
    const node = this.#nodes.get(subject === "agent" ? "a" : subject);
    if (node !== undefined) this.#nodeSays(node, what);
    else if (/^t\d$/.test(subject)) this.#transferSays(subject, what);
    else if (subject === "gateway") this.#gatewaySays(what);
    else if (subject === "after") this.nowMs += Number.parseInt(what, 10) * 1_000;
    else if (subject === "restart") this.#forgetReports();
    else if (subject === "create") this.#create(Number.parseInt(what || "1", 10));
    else if (subject === "orders") this.#doOrdersWork = what === "work";
    else if (subject === "room") this.#roomIs(what);
    else if (subject === "engine") this.#around.engine = { name: "valkey", version: what };
    else if (what === "draining") this.#around.hostsDraining.push(subject);
    else this.#ask(subject, what);
  }

  /** Plans, does the one action, and says what it was. */
  step(): string {
    if (this.cache === undefined) return "gone";
    const plan = planCache(this.cache, this.observed(), this.nowMs);
    const { action } = plan;
    const isRefused = action?.type === "handOver" && !this.#doOrdersWork;
    const done: CacheAction | null = isRefused ? { type: "callOff", reason: "as the script says" } : action;
    if (done !== null) this.#apply(applyAction(this.cache, done, this.#circumstances()));
    return describePlan({ ...plan, action: done });
  }

  #apply({ cache, transfer }: Pick<Applied, "cache" | "transfer">): void {
    this.cache = cache;
    if (transfer === undefined) return;
    this.transfers = this.transfers.map((one) => (one.transferId === transfer.transferId ? transfer : one));
  }

  observed(): CacheObserved {
    const cache = this.cache as CacheDocument;
    const gateways =
      this.#gateway === "none"
        ? []
        : [
            {
              acknowledged: this.#gateway.table === tableOf(cache),
              listeners: this.#listeners(this.#gateway),
              clientsConnected: 0,
              move: this.#gateway.move,
            },
          ];
    const scripted = cache.nodes.map(({ nodeId }) => this.#nodes.get(nodeId) as ScriptedNode);
    const nodes = scripted.map((node) => node.observed(cache));
    const replicas = scripted.flatMap((node) => node.asReplica(cache) ?? []);
    for (const { seen } of nodes) if (seen?.replication?.role === "primary") seen.replication.replicas = replicas;
    const intake = cache.intake && (this.#nodes.get(cache.intake.node.nodeId) as ScriptedNode).observed(cache);
    const transfers = this.transfers
      .filter((document) => !isOver(document))
      .map((document) => ({ document, seen: this.#progressOf(document) }));
    const { hasPlace, ...around } = this.#around;
    const problem = { code: "InsufficientCapacity", message: "No host has room." };
    const place = hasPlace ? { hostId: `host-${this.#freeName()}` } : { problem };
    return { sinceMs: this.#sinceMs, nodes, intake, transfers, gateways, around: { ...around, place } };
  }

  #circumstances(): Circumstances {
    const newNodeId = () => this.#freeName() as NodeId;
    const progressOf = (transfer: TransferDocument) => this.#progressOf(transfer);
    return { nowMs: this.nowMs, newNodeId, freePortAfter: (port) => port + 2, progressOf };
  }

  #progressOf(transfer: TransferDocument): TransferObserved | null {
    return transfer.nodeId === null ? null : (this.#said.get(agentsTransferId(transfer)) ?? null);
  }

  /** Agents say nothing of what they are not asked to do. */
  #transferSays(name: string, what: string): void {
    const document = this.transfers.find(({ transferId }) => transferId === name);
    if (document === undefined || document.nodeId === null) return;
    const [state = "", detail] = what.split(" ");
    const leads = this.cache?.leader?.nodeId === document.nodeId;
    // A migration follows until its node leads.
    if (state === "done" && document.task.kind === "migrate" && !leads) return;
    const error = state === "failed" ? { code: detail ?? "", message: "it says why" } : null;
    const said = {
      runId: this.#nodes.get(document.nodeId)?.runId ?? null,
      state: state as TransferObserved["state"],
      error,
      lagBytes: detail === undefined ? null : Number(detail),
      place: leads && state !== "done" ? { history: "h", offset: 1 } : null,
    };
    this.#said.set(agentsTransferId(document), transferObservedFixture(agentsTransferId(document), said));
  }

  #transfer(kind: string, detail: string): void {
    const count = this.transfers.length + 1;
    const changes = { transferId: `t${count}` as TransferId, createdMs: this.nowMs };
    this.transfers.push(
      transferFixture(taskFixtures[kind as keyof typeof taskFixtures], {
        ...changes,
        cutOver: kind !== "migrate" ? null : detail === "manual" ? "manual" : "auto",
      }),
    );
  }

  #ofOwner(what: "cancel" | "cutover", name: string): void {
    const cache = this.cache as CacheDocument;
    const transfer = this.transfers.find(({ transferId }) => transferId === name) as TransferDocument;
    const now = { nowMs: this.nowMs, progress: null };
    if (what === "cutover") this.#apply({ cache, transfer: { ...transfer, cutOver: "now" } });
    else if (transfer.status === "cuttingOver" || isOver(transfer)) return;
    else
      this.#apply({
        cache: cacheWithout(cache, transfer),
        transfer: transferAfter(transfer, { type: "end", status: "cancelled", problem: null }, now),
      });
  }

  #freeName(): string {
    const used = allNodes(this.cache as CacheDocument).map(({ nodeId }) => String(nodeId));
    return nodeNames.find((name) => !used.includes(name) && !this.#nodes.get(name)?.hasLived) ?? "z";
  }

  #roomIs(what: string): void {
    this.#around.hasPlace = what !== "none";
    if (what !== "none") this.#around.freeBytes.set(`host-${what}`, 100 * GiB);
  }

  /** Agents say nothing of nodes that they are not to have. */
  #nodeSays(node: ScriptedNode, what: string): void {
    const cache = this.cache as CacheDocument;
    if (allNodes(cache).some(({ nodeId }) => nodeId === node.name)) node.happen(what, cache, this.nowMs);
  }

  #create(count: number): void {
    const { settings } = cacheFixture();
    this.cache = cacheFixture({ nodes: nodesOf(count), settings: { ...settings, replicas: count - 1 } });
  }

  #gatewaySays(what: string): void {
    const [state = "", port] = what.split(" ");
    const table = tableOf(this.cache as CacheDocument);
    const { move } = this.cache as CacheDocument;
    if (state === "follows")
      this.#gateway = { table, taken: [], move: move && (move.phase === "hold" ? "drained" : "prepared") };
    if (state === "follows") return;
    const isMoving = state === "prepared" || state === "drained" || state === "expired";
    if (state === "none") this.#gateway = "none";
    else if (state === "behind") this.#gateway = { table: "old", taken: [], move: null };
    else this.#gateway = { table, taken: state === "taken" ? [Number(port)] : [], move: isMoving ? state : null };
  }

  #forgetReports(): void {
    this.#sinceMs = this.nowMs;
    this.#said.clear();
    for (const node of this.#nodes.values()) node.forget(this.nowMs);
    this.#gateway = "none";
  }

  #ask(what: string, detail: string): void {
    const cache = this.cache as CacheDocument;
    const change = { operationId: "op-2", deadlineMs: this.nowMs + 120_000 };
    const { settings, generation, leader } = cache;
    const runId = leader?.runId ?? "";
    const updated = (changed: Partial<CacheSettings>, kind: "update" | "scale" = "update") => {
      const asked = { ...settings, ...changed };
      this.cache = { ...cache, settings: asked, generation: generation + 1, change: { ...change, kind } };
    };
    const named = (nodeId: string) => (this.#nodes.get(nodeId) as ScriptedNode).runId ?? "";
    if (what in taskFixtures) this.#transfer(what, detail);
    else if (what === "cancel" || what === "cutover") this.#ofOwner(what, detail);
    else if (what === "delete") this.cache = { ...cache, removal: "route", change: { ...change, kind: "delete" } };
    else if (what === "plain") updated({ enableNonSslPort: true });
    else if (what === "readers") updated({ replicaReads: true });
    else if (what === "durable") updated({ durableWrites: true });
    else if (what === "kept") updated({ redisConfiguration: { "aof-backup-enabled": "true" } });
    else if (what === "replicas") updated({ replicas: Number(detail) });
    else if (what === "size") updated({ sku: { ...settings.sku, capacity: Number(detail) } }, "scale");
    else if (what === "switchover") this.cache = { ...cache, relieve: { runId, cause: "switchover" } };
    else if (what === "reboot")
      this.cache = {
        ...cache,
        generation: generation + 1,
        nodes: cache.nodes.map((node) => (node.nodeId === detail ? { ...node, endRunId: named(detail) } : node)),
        relieve: leader?.nodeId === detail ? { runId, cause: "reboot" } : null,
      };
    else throw new Error(`the script says what nobody understands: ${what}`);
  }

  #listeners({ table, taken }: { table: string; taken: number[] }) {
    const route =
      table === "old" || table === ""
        ? undefined
        : (JSON.parse(table) as { tlsPort: number; plainPort: number | null });
    const ports = route === undefined ? [] : [route.tlsPort, route.plainPort].filter((port) => port !== null);
    return ports.map((port) => ({ port, error: taken.includes(port) ? "EADDRINUSE" : null }));
  }
}

/** Runs the script and returns it with what really happened behind each `=>`. */
export function runScript(
  script: string,
  cache = new ScriptedCache(),
): { text: string; cache: CacheDocument | undefined } {
  const text = scriptLines(script).map((line) => {
    const event = line.split(" => ")[0] as string;
    cache.happen(event.trim());
    return `${event} => ${cache.step()}`;
  });
  return { text: text.join("\n"), cache: cache.cache };
}

export function scriptLines(script: string): string[] {
  return script
    .split("\n")
    .map((line) => line.trim().replace(/ +=> +/, " => "))
    .filter((line) => line !== "");
}

function tableOf(cache: CacheDocument): string {
  const route = deriveRoute(cache, "larder.localhost");
  return route === undefined ? "" : JSON.stringify(route);
}

function describePlan({ action, settled }: CachePlan): string {
  switch (action?.type) {
    case undefined:
      return settled ? "settled" : "rest";
    case "appoint":
      return `${action.leader.endedAtMs === null ? "appoint" : "stop all, after"} ${action.leader.nodeId}`;
    case "publishNode":
      return `publish ${action.node?.nodeId ?? "none"}`;
    case "publishReaders":
      return `readers ${action.readNodes.map(({ nodeId }) => nodeId).join(" ") || "none"}`;
    case "movePort":
      return `move ${action.which}`;
    case "fail":
      return `fail ${action.problem.code}`;
    case "removeNode":
      return "remove";
    case "settle":
    case "forget":
      return action.type;
    case "beginMove":
      return `prepare ${action.target.nodeId}`;
    case "holdMove":
      return "hold";
    case "handOver":
      return `hand over to ${action.to.nodeId}`;
    case "callOff":
      return "call off";
    case "addNode":
      return `add ${action.hostId.slice(-1)}`;
    case "dropNode":
      return `drop ${action.nodeId}`;
    case "resizeNode":
      return `resize ${action.nodeId}`;
    case "nodeRestarted":
      return `restarted ${action.nodeId}`;
    case "relieved":
      return "relieved";
    case "tellPersistence":
      return `tell ${action.text}`;
    case "stayLeader":
      return "stays";
    case "stopUpdate":
      return "stop update";
    case "addIntake":
      return `fill ${action.hostId.slice(-1)}`;
    case "dropIntake":
      return "drop intake";
    case "startTransfer":
      return `start ${action.transfer.transferId} on ${action.nodeId}`;
    case "cutOver":
      return `prepare ${action.target.nodeId}`;
    case "transferGoesOn":
      return `${action.transfer.transferId} goes on`;
    case "relocateTransfer":
      return `${action.transfer.transferId} relocated`;
    case "endTransfer":
      return `${action.transfer.transferId} ${action.status}${action.problem === null ? "" : ` ${action.problem.code}`}`;
  }
}

function nodesOf(count: number): CacheNode[] {
  return nodeNames.slice(0, count).map((name) => nodeFixture(name, `host-${name}`));
}
