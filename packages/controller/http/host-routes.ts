/** Hosts: to see, to empty and to remove, and tokens for new ones. Larder's own paths, not Azure's (host-protocol.ts). */
import { agentLimits, type HostResource, type JoinToken, LarderError } from "@larder/api";
import type { Hono } from "hono";
import { allNodes, type CacheDocument } from "../documents/cache-document.ts";
import type { HostDocument } from "../documents/host-document.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { pathValue } from "./request-path.ts";

export function hostRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get("/larder/hosts", async (context) => {
    const caches = await allCaches(api);
    const value = (await api.hosts.all()).map((host) => resourceOf(host, caches, api));
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
      return context.json(resourceOf(host, await allCaches(api), api));
    });

  app.delete("/larder/hosts/:host", async (context) => {
    const hostId = pathValue(context, "host");
    const isForced = context.req.query("force") === "true";
    // No node is placed there meanwhile.
    await api.admission.exclusively(async () => {
      const host = await api.hosts.require(hostId);
      requireRemovable(resourceOf(host, await allCaches(api), api), host, isForced, api);
      await api.hosts.remove(hostId);
    });
    api.log.warn({ hostId, isForced }, "host removed");
    return context.body(null, 204);
  });
}

function resourceOf(host: HostDocument, caches: readonly CacheDocument[], { observations }: ApiContext): HostResource {
  const { hostId, name, address, zone, state } = host;
  const last = observations.lastReport(hostId);
  const isSilent = last === undefined || last.silentMs > agentLimits.lostMs;
  const nodes = caches.flatMap((cache) =>
    allNodes(cache)
      .filter((node) => node.hostId === hostId)
      .map((node) => ({ node, cache: cache.name })),
  );
  return {
    hostId,
    name,
    address,
    zone,
    state: isSilent ? "silent" : state,
    draining: state === "draining",
    memoryBytesUsed: nodes.reduce((sum, { node }) => sum + node.memoryBytes, 0),
    memoryBytesTotal: last?.report.memoryBytesTotal ?? null,
    nodes: nodes.map(({ node, cache }) => ({ nodeId: node.nodeId, cache })),
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
      ? "It is draining: wait until they have moved."
      : "Drain it first.";
  throw new LarderError("Conflict", `${host.name} has nodes of ${names}. ${remedy}`);
}

async function allCaches({ caches }: ApiContext): Promise<CacheDocument[]> {
  return (await caches.all()).map(({ value }) => value);
}

function noDoor(): LarderError {
  const text = "The controller has no door for agents of other machines: start it with --agent-host ADDRESS.";
  return new LarderError("ServiceUnavailable", text);
}
