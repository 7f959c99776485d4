/** `larder status`: what is up and what is not. Ends with NotRunning's exit status when the service does not answer. */
import { LarderError } from "@larder/api/errors";
import type { RedisResource } from "@larder/api/redis-resource";
import { formatCacheTable } from "../cache-view.ts";
import { type CommandContext, type CommonOptions, openContext } from "../command-context.ts";
import { isAlive } from "../process-alive.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";

interface DaemonStatus {
  name: string;
  state: "running" | "stopped";
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
  caches: RedisResource[];
}

export async function status(options: CommonOptions): Promise<void> {
  const context = openContext(options);
  const found = await observe(context);
  context.print(found, () => formatStatus(found, context.terminal.colors));
  if (found.state === "stopped") throw new LarderError("NotRunning", `No Larder service answers at ${found.api}.`);
}

async function observe({ client, service }: CommandContext): Promise<ServiceStatus> {
  const { api, pids } = service.file;
  const caches = await client.listCaches().catch((error: unknown) => {
    if (error instanceof LarderError && error.code === "NotRunning") return undefined;
    throw error;
  });
  const daemons = Object.entries(pids).map(([name, ids]): DaemonStatus => {
    const alive = ids.filter(isAlive);
    return { name, state: alive.length > 0 ? "running" : "stopped", pids: alive };
  });
  const isWhole =
    daemons.every(({ state }) => state === "running") &&
    caches?.every(({ properties }) => properties.larder.state === "available");
  return {
    api,
    state: caches === undefined ? "stopped" : isWhole ? "running" : "degraded",
    daemons,
    engines: enginesOf(caches ?? []),
    caches: caches ?? [],
  };
}

/** Which engines serve, with how many caches each. */
function enginesOf(caches: readonly RedisResource[]): EngineStatus[] {
  const engines = new Map<string, EngineStatus>();
  for (const { properties } of caches) {
    const { engine } = properties.larder;
    if (engine === null) continue;
    const key = `${engine.name} ${engine.version} ${engine.kind}`;
    const known = engines.get(key) ?? { name: engine.name, version: engine.version, kind: engine.kind, caches: 0 };
    engines.set(key, { ...known, caches: known.caches + 1 });
  }
  return [...engines.values()];
}

function formatStatus(found: ServiceStatus, colors: Colors): string {
  const { api, state, daemons, engines, caches } = found;
  const paint = { running: colors.green, degraded: colors.yellow, stopped: colors.red };
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
  return parts.join("\n");
}
