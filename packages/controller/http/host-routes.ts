/** Hosts: to see, to empty and to remove, and tokens for new ones. Larder's own paths, not Azure's (host-protocol.ts). */
import { agentLimits, type HostResource, type JoinToken, LarderError, type NodeFill } from "@larder/api";
import type { Hono } from "hono";
import type { CacheDocument, CacheNode } from "../documents/cache-document.ts";
import type { HostDocument } from "../documents/host-document.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { pathValue } from "./request-path.ts";
import { transferBody } from "./transfer-body.ts";

export function hostRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get("/larder/hosts", async (context) => {
    const nodes = await allNodesOf(api);
    const value = (await api.hosts.all()).map((host) => resourceOf(host, nodes, api));
    return context.json({ value });
  });

  app.post("/larder/hosts/tokens", async (context) => {
    if (api.joining === null) throw noDoor();
    const { token, expiresMs } = await api.joining.tokens.create();
    const answer: JoinToken = { token, expiresAt: new Date(expiresMs).toISOString(), joinUrl: api.joining.url };
    return context.json(answer, 201);
  });

  for (const [wish, state] of [
    ["drain", "draining"],
    ["undrain", "active"],
  ] as const)
    app.post(`/larder/hosts/:host/${wish}`, async (context) => {
      const host = await api.hosts.setState(pathValue(context, "host"), state);
      return context.json(resourceOf(host, await allNodesOf(api), api));
    });

  app.delete("/larder/hosts/:host", async (context) => {
    const hostId = pathValue(context, "host");
    const isForced = context.req.query("force") === "true";
    // No node is placed there meanwhile.
    await api.admission.exclusively(async () => {
      const host = await api.hosts.require(hostId);
      requireRemovable(resourceOf(host, await allNodesOf(api), api), host, isForced, api);
      await api.hosts.remove(hostId);
    });
    api.log.warn({ hostId, isForced }, "host removed");
    return context.body(null, 204);
  });
}

function resourceOf(host: HostDocument, all: readonly PlacedNode[], { observations }: ApiContext): HostResource {
  const { hostId, name, address, zone, state } = host;
  const last = observations.lastReport(hostId);
  const isSilent = last === undefined || last.silentMs > agentLimits.lostMs;
  const nodes = all.filter(({ node }) => node.hostId === hostId);
  return {
    hostId,
    name,
    address,
    zone,
    state: isSilent ? "silent" : state,
    draining: state === "draining",
    memoryBytesUsed: nodes.reduce((sum, { node }) => sum + node.memoryBytes, 0),
    memoryBytesTotal: last?.report.memoryBytesTotal ?? null,
    nodes: nodes.map(({ node, cache, fill }) => ({ nodeId: node.nodeId, cache, fill })),
    engines: (last?.report.engines ?? []).map(({ name, version, kind }) => ({ name, version, kind })),
  };
}

/** Throws Conflict with what stands against it, and ServiceUnavailable while nobody can know yet who is silent. */
function requireRemovable(shown: HostResource, host: HostDocument, isForced: boolean, api: ApiContext): void {
  const isSilent = shown.state === "silent";
  if (isSilent && api.clock.nowMs() - api.observations.sinceMs < agentLimits.lostMs)
    throw new LarderError(
      "ServiceUnavailable",
      "The controller has just started and waits for its hosts; try again in a moment.",
    );
  if (host.certificates.length === 0 && !isSilent)
    throw new LarderError(
      "Conflict",
      `${host.name} is the controller's own machine and its agent runs: it can be drained, not removed.`,
    );
  if (shown.nodes.length === 0 || (isSilent && isForced)) return;
  const names = [...new Set(shown.nodes.map(({ cache }) => cache))].sort().join(", ");
  const remedy = isSilent
    ? "Its agent is silent: with force it is removed all the same, and what only it has is lost."
    : host.state === "draining"
      ? `It is draining: ${shown.nodes.some(({ fill }) => fill !== null) ? "wait until what fills a node here has ended, or cancel it" : "wait until they have moved"}.`
      : "Drain it first.";
  throw new LarderError("Conflict", `${host.name} has nodes of ${names}. ${remedy}`);
}

interface PlacedNode {
  node: CacheNode;
  cache: string;
  fill: NodeFill | null;
}

async function allNodesOf(api: ApiContext): Promise<PlacedNode[]> {
  const nodes: PlacedNode[] = [];
  for (const { value: cache } of await api.caches.all()) {
    const own = cache.nodes.map((node) => ({ node, cache: cache.name, fill: null }));
    nodes.push(...own);
    if (cache.intake !== null)
      nodes.push({ node: cache.intake.node, cache: cache.name, fill: await fillOf(cache, api) });
  }
  return nodes;
}

/** null where it has ended meanwhile. */
async function fillOf(cache: CacheDocument, { transfers }: ApiContext): Promise<NodeFill | null> {
  const seen = (await transfers.underWay(cache)).find(
    ({ transfer }) => transfer.transferId === cache.intake?.transferId,
  );
  if (seen === undefined) return null;
  const { id, kind, status, paused, cutOver, progress } = transferBody(seen);
  if (progress === null) return { id, kind, status, paused, cutOver, progress };
  const { state, keys, keysTotal, bytes, bytesTotal } = progress;
  return { id, kind, status, paused, cutOver, progress: { state, keys, keysTotal, bytes, bytesTotal } };
}

function noDoor(): LarderError {
  const text = "The controller has no door for agents of other machines: start it with --agent-host ADDRESS.";
  return new LarderError("ServiceUnavailable", text);
}
