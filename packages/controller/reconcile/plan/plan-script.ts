/**
 * Scripts of one cache's life, for tests of the plan. Each line is something that happens and, after `=>`, what the
 * controller then does:
 *
 *   create [N nodes]                               its owner asks
 *   plain on | delete
 *   agent: silent | gone | starting | running | failed CODE
 *   a: …, b: …, c: …                               as `agent`, which is a, of the first, second and third node; and:
 *   b: copied OFFSET | cut                         it has all that its primary has; it has lost its primary
 *   b: deaf | hears                                its engine does not take what it is told; it does again
 *   a: ended                                       its engine died, and its agent starts it again
 *   gateway: none | behind | serving | taken PORT  it is away; has an old table; the newest; a port it cannot have
 *   after Ns                                       time passes
 *   restart                                        the controller dies and comes back, knowing only documents
 *
 *   => appoint NODE | stop all, after NODE | publish NODE | publish none | move tls | settle | fail CODE | remove | forget | rest | settled
 *
 * Generations, roles and the gateway's table follow the documents by themselves where the line says running, copied or
 * serving. The document at the end is compared by the caller.
 */
import type { CacheDocument, CacheNode } from "../../documents/cache-document.ts";
import { cacheFixture, nodeFixture } from "../../documents/cache-fixture.ts";
import { deriveRoute } from "../../documents/derive.ts";
import { applyAction } from "./apply-action.ts";
import type { CacheObserved } from "./observed.ts";
import { type CachePlan, planCache } from "./plan-cache.ts";
import { ScriptedNode } from "./scripted-node.ts";

const nodeNames = ["a", "b", "c"];

export class ScriptedCache {
  cache: CacheDocument | undefined = cacheFixture({ nodes: nodesOf(1) });
  nowMs = 0;
  #nodes = [new ScriptedNode("a")];
  #gateway: "none" | { table: string; taken: number[] } = "none";
  #sinceMs = 0;

  /** Does what the line says. */
  happen(event: string): void {
    const [subject = "", ...rest] = event.split(/:? /);
    const what = rest.join(" ");
    const node = this.#nodes.find(({ name }) => name === (subject === "agent" ? "a" : subject));
    if (node !== undefined) node.happen(what, this.cache as CacheDocument, this.nowMs);
    else if (subject === "gateway") this.#gatewaySays(what);
    else if (subject === "after") this.nowMs += Number.parseInt(what, 10) * 1_000;
    else if (subject === "restart") this.#forgetReports();
    else if (subject === "create") this.#create(what === "" ? 1 : Number.parseInt(what, 10));
    else this.#ask(event);
  }

  /** Plans, does the one action, and says what it was. */
  step(): string {
    if (this.cache === undefined) return "gone";
    const plan = planCache(this.cache, this.observed(), this.nowMs);
    if (plan.action !== null) this.cache = applyAction(this.cache, plan.action, (port) => port + 2).cache;
    return describePlan(plan);
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
            },
          ];
    return { sinceMs: this.#sinceMs, nodes: this.#nodes.map((node) => node.observed(cache)), gateways };
  }

  #create(count: number): void {
    this.cache = cacheFixture({ nodes: nodesOf(count) });
    this.#nodes = nodeNames.slice(0, count).map((name) => new ScriptedNode(name));
  }

  #gatewaySays(what: string): void {
    const [state, port] = what.split(" ");
    if (state === "none") this.#gateway = "none";
    else if (state === "behind") this.#gateway = { table: "old", taken: [] };
    else
      this.#gateway = { table: tableOf(this.cache as CacheDocument), taken: state === "taken" ? [Number(port)] : [] };
  }

  #forgetReports(): void {
    this.#sinceMs = this.nowMs;
    for (const node of this.#nodes) node.forget();
    this.#gateway = "none";
  }

  #ask(what: string): void {
    const cache = this.cache as CacheDocument;
    const change = { operationId: "op-2", deadlineMs: this.nowMs + 120_000 };
    if (what === "delete") this.cache = { ...cache, removal: "route", change: { ...change, kind: "delete" } };
    else if (what === "plain on")
      this.cache = {
        ...cache,
        settings: { ...cache.settings, enableNonSslPort: true },
        generation: cache.generation + 1,
        change: { ...change, kind: "update" },
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
    case "movePort":
      return `move ${action.which}`;
    case "fail":
      return `fail ${action.problem.code}`;
    case "removeNode":
      return "remove";
    case "settle":
    case "forget":
      return action.type;
  }
}

function nodesOf(count: number): CacheNode[] {
  return nodeNames.slice(0, count).map((name) => nodeFixture(name, `host-${name}`));
}
