/** Whether everything has come to rest as it should: one primary, all in sync, route and leader one, operations ended. */
import type { FakeEngine } from "./fake-engine.ts";
import type { World } from "./world.ts";

/** Why not yet; undefined when it has. */
export function unconverged(world: World): string | undefined {
  const { leader, route, change, failure, settledGeneration, generation, move, relieve } = world.cache;
  if (world.network.isDelaying) return "something is on its way since before a link was healed";
  if (leader === null || leader.endedAtMs !== null) return "nobody leads";
  if (change !== null || failure !== null) return `the change is not through: ${failure?.message}`;
  if (settledGeneration !== generation) return "the cache is not settled";
  if (world.operation.endMs === null) return "the operation has not ended";
  if (move !== null || relieve !== null) return "a move has not ended";
  if (route.node?.nodeId !== leader.nodeId) return "the route is not to the leader";
  return engineProblem(world) ?? gatewayProblem(world);
}

export function primaryOf(world: World): FakeEngine | undefined {
  const { leader, nodes } = world.cache;
  const at = nodes.find(({ nodeId }) => nodeId === leader?.nodeId);
  const engine = at && world.engine(at);
  return engine?.runId === leader?.runId ? engine : undefined;
}

function engineProblem(world: World): string | undefined {
  const primary = primaryOf(world);
  if (primary === undefined || primary.following !== null) return "the leader is not a primary";
  if (primary.isPaused) return "the primary holds writes";
  for (const node of world.cache.nodes) {
    const engine = world.engine(node);
    if (engine === undefined) return `${node.nodeId} does not run`;
    if (engine.accessGeneration !== world.cache.access.generation) return `${node.nodeId} lacks an access policy`;
    if (engine === primary) continue;
    const { following, isLinked } = engine.seen();
    if (following?.port !== primary.address.port) return `${node.nodeId} does not follow the leader`;
    if (!isLinked) return `${node.nodeId} is not in sync`;
  }
  return undefined;
}

function gatewayProblem(world: World): string | undefined {
  const { route } = world.cache;
  for (const { life } of world.gateways) {
    if (!life?.process.isAlive) return "a gateway is not there";
    if (life.routeEpoch !== route.epoch) return "a gateway has another route";
  }
  return undefined;
}
