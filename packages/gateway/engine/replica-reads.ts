/**
 * The replicas of one cache that may be read from while its primary is away, as its route names them. They are connected to
 * when the first read needs one, and left once the primary is back and they have answered everything.
 */
import type { RouteNode } from "@larder/api";
import type { ClientConnection } from "../client/client-connection.ts";
import type { EngineNode } from "./engine-node.ts";
import type { EnginePool } from "./engine-pool.ts";
import type { Lane, LaneConnection } from "./lane.ts";

export class ReplicaReads {
  readonly #open: (node: RouteNode) => EngineNode;
  #named: readonly RouteNode[];
  /** Those that are connected to; some are not named any more, and have yet to answer. */
  #opened: EngineNode[] = [];

  constructor(named: readonly RouteNode[], open: (node: RouteNode) => EngineNode) {
    this.#named = named;
    this.#open = open;
  }

  get areWanted(): boolean {
    return this.#named.length > 0;
  }

  get openedCount(): number {
    return this.#opened.length;
  }

  /** Takes those of a newer route. */
  use(named: readonly RouteNode[]): void {
    this.#named = named;
  }

  /** What to read from; "wait" when the client is resumed once there is something; null when no replica answers. */
  connection(client: ClientConnection, pool: EnginePool): LaneConnection | "wait" | null {
    const lanes = this.#named.map((node) => laneOf(this.#node(node), client, pool));
    const ready = lanes.find((lane) => lane.connection !== null);
    if (ready !== undefined) return ready.connection;
    for (const lane of lanes) lane.ensure();
    const connecting = lanes.filter((lane) => !lane.isUnavailable);
    for (const lane of connecting) lane.wait(client);
    return connecting.length > 0 ? "wait" : null;
  }

  /** Leaves those that have answered everything and are not needed. */
  tidy({ isPrimaryAway }: { isPrimaryAway: boolean }): void {
    this.#opened = this.#opened.filter((node) => {
      const isNeeded = isPrimaryAway && this.#named.some((each) => node.place?.isOf(each));
      if (isNeeded || !node.isDrained) return true;
      node.close();
      return false;
    });
  }

  close(): void {
    for (const node of this.#opened) node.close();
    this.#opened = [];
  }

  #node(named: RouteNode): EngineNode {
    const opened = this.#opened.find((each) => each.place?.isOf(named));
    if (opened !== undefined) return opened;
    const node = this.#open(named);
    this.#opened.push(node);
    node.warm();
    return node;
  }
}

function laneOf(node: EngineNode, client: ClientConnection, { key }: EnginePool): Lane {
  const { fast, bulk } = node.pool(key.user, key.database, key.protocol);
  return client.isOnBulkLane ? bulk : fast;
}
