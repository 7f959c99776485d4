/** `larder status`: what is up and what is not. Ends with NotRunning's exit status when the service does not answer. */
import { LarderError } from "@larder/api/errors";
import type { ServiceHealth } from "@larder/api/management-client";
import { listCaches } from "../cache-lookup.ts";
import { formatCacheTable } from "../cache-view.ts";
import type { AnyCache } from "../caches/any-cache.ts";
import { type CommandContext, type CommonOptions, openContext } from "../command-context.ts";
import { formatUnkept } from "../persistence-view.ts";
import { isAlive } from "../process-alive.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";

interface DaemonStatus {
  name: string;
  /** disconnected: the process lives, but the controller does not hear from it. */
  state: "running" | "disconnected" | "stopped";
  pids: number[];
}

interface EngineStatus {
  name: string;
  version: string;
  kind: string;
  caches: number;
}

interface ServiceStatus {
  api: string;
  state: "running" | "degraded" | "stopped";
  daemons: DaemonStatus[];
  engines: EngineStatus[];
  caches: AnyCache[];
}

export async function status(options: CommonOptions): Promise<void> {
  const context = openContext(options);
  const found = await observe(context);
  const caches = found.caches.map(({ resource }) => resource);
  context.print({ ...found, caches }, () => formatStatus(found, context.terminal.colors));
  if (found.state === "stopped") throw new LarderError("NotRunning", `No Larder service answers at ${found.api}.`);
}

async function observe({ client, service }: CommandContext): Promise<ServiceStatus> {
  const { api, pids } = service.file;
  const { isLocal } = service;
  const health = await unlessNotRunning(client.health());
  const caches = (health && (await unlessNotRunning(listCaches(client)))) ?? [];
  const daemons = Object.entries(pids).map(([name, ids]) =>
    isLocal ? daemonStatus(name, ids, health) : remoteStatus(name, health),
  );
  const isWhole =
    daemons.every(({ state }) => state === "running") &&
    caches.every(({ larder }) => larder === null || larder.state === "available");
  const state = health === undefined ? "stopped" : isWhole ? "running" : "degraded";
  return { api, state, daemons, engines: enginesOf(caches), caches };
}

function daemonStatus(name: string, ids: readonly number[], health: ServiceHealth | undefined): DaemonStatus {
  const pids = ids.filter(isAlive);
  const isHeard = {
    controller: health !== undefined,
    agent: (health?.agents ?? 0) >= ids.length,
    gateway: (health?.gateways ?? 0) >= ids.length,
  };
  const state = pids.length === 0 ? "stopped" : isHeard[name as keyof typeof isHeard] ? "running" : "disconnected";
  return { name, state, pids };
}

/** Of a service elsewhere: what its controller hears. */
function remoteStatus(name: string, health: ServiceHealth | undefined): DaemonStatus {
  const isHeard = name === "controller" || (health?.[name === "agent" ? "agents" : "gateways"] ?? 0) > 0;
  return { name, state: health !== undefined && isHeard ? "running" : "disconnected", pids: [] };
}

async function unlessNotRunning<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof LarderError && error.code === "NotRunning") return undefined;
    throw error;
  }
}

/** Which engines serve, with how many caches each. */
function enginesOf(caches: readonly AnyCache[]): EngineStatus[] {
  const engines = new Map<string, EngineStatus>();
  for (const { larder } of caches) {
    const engine = larder?.engine ?? null;
    if (engine === null) continue;
    const key = `${engine.name} ${engine.version} ${engine.kind}`;
    const known = engines.get(key) ?? { name: engine.name, version: engine.version, kind: engine.kind, caches: 0 };
    engines.set(key, { ...known, caches: known.caches + 1 });
  }
  return [...engines.values()];
}

function formatStatus(found: ServiceStatus, colors: Colors): string {
  const { api, state, daemons, engines, caches } = found;
  const paint = { running: colors.green, degraded: colors.yellow, disconnected: colors.yellow, stopped: colors.red };
  const rows = daemons.map((daemon) => [
    `  ${daemon.name}`,
    paint[daemon.state](daemon.state),
    daemon.pids.length === 0 ? "" : colors.dim(`process ${daemon.pids.join(", ")}`),
  ]);
  const engineRows = engines.map((engine) => [
    `  ${engine.name} ${engine.version}`,
    engine.kind,
    colors.dim(engine.caches === 1 ? "1 cache" : `${engine.caches} caches`),
  ]);
  const parts = [`${colors.bold("Larder")} at ${api}: ${paint[state](state)}\n`, formatTable([...rows, ...engineRows])];
  if (state !== "stopped") parts.push(caches.length === 0 ? "No caches yet.\n" : formatCacheTable(caches, colors));
  const unkept = formatUnkept(caches, colors);
  return [...parts, ...(unkept === "" ? [] : [unkept])].join("\n");
}
