/**
 * Scripts of one cache's life, for tests of the plan. Each line is something that happens and, after `=>`, what the
 * controller then does:
 *
 *   create | plain on | delete                     its owner asks
 *   agent: silent | gone | starting | running | failed CODE
 *   gateway: none | behind | serving | taken PORT  it is away; has an old table; the newest; a port it cannot have
 *   after Ns                                       time passes
 *   restart                                        the controller dies and comes back, knowing only documents
 *
 *   => publish | publish none | move tls | settle | fail CODE | remove | forget | rest | settled
 *
 * The agent's generation and the gateway's table follow the documents by themselves where the line says running or
 * serving. The document at the end is compared by the caller.
 */
import type { NodeObserved } from "@larder/api";
import type { CacheDocument } from "../../documents/cache-document.ts";
import { cacheFixture } from "../../documents/cache-fixture.ts";
import { deriveNode, deriveRoute } from "../../documents/derive.ts";
import { applyAction } from "./apply-action.ts";
import type { CacheObserved } from "./observed.ts";
import { type CachePlan, planCache } from "./plan-cache.ts";

export class ScriptedCache {
  cache: CacheDocument | undefined = cacheFixture();
  nowMs = 0;
  #node: Partial<NodeObserved> | null = null;
  #agentReporting = false;
  #failingSinceMs: number | null = null;
  #gateway: "none" | { table: string; taken: number[] } = "none";
  #sinceMs = 0;

  /** Does what the line says. */
  happen(event: string): void {
    const [subject, ...rest] = event.split(/:? /);
    const what = rest.join(" ");
    if (subject === "agent") this.#agent(what);
    else if (subject === "gateway") this.#gatewaySays(what);
    else if (subject === "after") this.nowMs += Number.parseInt(what, 10) * 1_000;
    else if (subject === "restart") this.#forgetReports();
    else if (subject !== "create") this.#ask(event);
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
    return {
      sinceMs: this.#sinceMs,
      agentReporting: this.#agentReporting,
      node: this.#observedNode(cache),
      failingSinceMs: this.#failingSinceMs,
      gateways,
    };
  }

  #agent(what: string): void {
    const [state, code] = what.split(" ");
    this.#agentReporting = state !== "silent";
    if (state === "silent" || state === "gone") this.#node = null;
    else
      this.#node = {
        state: state as NodeObserved["state"],
        error: code === undefined ? null : { code, message: "it says why" },
      };
    if (state === "failed") this.#failingSinceMs ??= this.nowMs;
    if (state === "running") this.#failingSinceMs = null;
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
    this.#node = null;
    this.#agentReporting = false;
    this.#failingSinceMs = null;
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

  #observedNode(cache: CacheDocument): NodeObserved | null {
    if (this.#node === null) return null;
    return {
      nodeId: cache.nodeId,
      cacheId: cache.cacheId,
      generation: deriveNode(cache)?.generation ?? 0,
      state: "running",
      socketPath: "/run/shop.sock",
      pid: 1,
      runId: "1",
      engine: { name: "valkey", version: "8.0.1", kind: "native", path: "/valkey-server", memoryBytesMax: null },
      memoryBytesUsed: 0,
      replication: null,
      error: null,
      ...this.#node,
    };
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
    case "publishNode":
      return action.node === null ? "publish none" : "publish";
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
