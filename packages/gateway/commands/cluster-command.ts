/**
 * CLUSTER …, READONLY and READWRITE of a cache that clients are told is a cluster: one node with all slots, at the address by
 * which they came. It is the same node whichever engine is behind it, so nobody is ever sent elsewhere. The engine itself is no
 * cluster's; of a cache that is shown as none it says so.
 */
import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { encodeError, encodeReply, keySlot, type ReplyValue, slotCount } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { plainAddress } from "../front/address-text.ts";
import { counters } from "../metrics.ts";
import { answer, forward, forwardSticky } from "./forward.ts";
import { harmlessCommand, ifPermitted } from "./permission.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";

interface Self {
  id: string;
  host: string;
  port: number;
  isTls: boolean;
}

type Answer = (self: Self, client: ClientConnection, key: Buffer) => ReplyValue;

/** By subcommand: how many words it has, and what it says. */
const answers: Record<string, { words: number; say: Answer }> = {
  "count-failure-reports": { words: 3, say: () => 0 },
  help: { words: 2, say: () => Object.keys(answers).map((name) => ({ status: `CLUSTER ${name.toUpperCase()}` })) },
  info: { words: 2, say: clusterInfo },
  keyslot: { words: 3, say: (_self, _client, key) => keySlot(key) },
  links: { words: 2, say: () => [] },
  myid: { words: 2, say: ({ id }) => id },
  myshardid: { words: 2, say: ({ id }) => id },
  nodes: { words: 2, say: (self) => `${nodeLine(self)}\n` },
  replicas: { words: 3, say: () => [] },
  shards: { words: 2, say: (self) => [shardOf(self)] },
  slaves: { words: 3, say: () => [] },
  slots: { words: 2, say: ({ id, host, port }) => [[0, slotCount - 1, [host, port, id, []]]] },
};

export function runClusterCommand(client: ClientConnection, request: Request): Outcome {
  const words = wordsOf(request);
  const isCluster = words[0]?.length === "cluster".length;
  if (client.cache?.route.isCluster !== true || client.isInTransaction)
    return isCluster ? forward(client, request) : forwardSticky(client, request);
  if (client.inFlight > 0) return "quiet";
  return isCluster ? reply(client, words) : readMode(client, words);
}

/** Which node answers is not for the client to choose. */
function readMode(client: ClientConnection, words: readonly Buffer[]): Outcome {
  const name = (words[0] as Buffer).toString("latin1").toLowerCase();
  if (words.length !== 1) return answer(client, wrongArity(name));
  return ifPermitted(client, [name === "readonly" ? "Readonly" : "Readwrite"], () => answer(client, "+OK\r\n"));
}

function reply(client: ClientConnection, words: readonly Buffer[]): Outcome {
  if (words.length < 2) return answer(client, wrongArity("cluster"));
  const given = words[1] as Buffer;
  const name = given.toString("latin1").toLowerCase();
  const found = Object.hasOwn(answers, name) ? answers[name] : undefined;
  if (found === undefined) {
    counters.larder_gateway_commands_refused_total++;
    return answer(client, encodeError(`ERR unknown subcommand '${given.toString("utf8", 0, 128)}'. Try CLUSTER HELP.`));
  }
  if (words.length !== found.words) return answer(client, wrongArity(`cluster|${name}`));
  const value = () => found.say(selfOf(client), client, words[2] ?? Buffer.alloc(0));
  return ifPermitted(client, harmlessCommand("Cluster", name, found.words), () =>
    answer(client, encodeReply(value(), client.protocol)),
  );
}

function wrongArity(name: string): string {
  return encodeError(`ERR wrong number of arguments for '${name}' command`);
}

/**
 * A client that came by a name goes on using that: the certificate is for names. Behind a load balancer it is the balancer's port, and
 * address where there is no name, by which it came.
 */
function selfOf({ cache, socket, reachedAt }: ClientConnection): Self {
  const { address, port } = reachedAt ?? { address: plainAddress(socket.localAddress), port: socket.localPort };
  const isTls = socket.getTLSVersion() !== null;
  const serverName = isTls ? (socket.getServername() as string | undefined) : undefined;
  return {
    id: createHash("sha1")
      .update(cache?.route.cacheId ?? "")
      .digest("hex"),
    host: serverName || address,
    port,
    isTls,
  };
}

function nodeLine({ id, host, port }: Self): string {
  return `${id} ${host}:${port}@0 myself,master - 0 0 1 connected 0-${slotCount - 1}`;
}

function shardOf({ id, host, port, isTls }: Self): ReplyValue {
  const name: [string, ReplyValue][] = isIP(host) === 0 ? [["hostname", host]] : [];
  const node: ReplyValue = {
    map: [
      ["id", id],
      [isTls ? "tls-port" : "port", port],
      ["ip", host],
      ["endpoint", host],
      ...name,
      ["role", "master"],
      ["replication-offset", 0],
      ["health", "online"],
    ],
  };
  return {
    map: [
      ["slots", [0, slotCount - 1]],
      ["nodes", [node]],
    ],
  };
}

function clusterInfo(): string {
  const facts = {
    cluster_state: "ok",
    cluster_slots_assigned: slotCount,
    cluster_slots_ok: slotCount,
    cluster_slots_pfail: 0,
    cluster_slots_fail: 0,
    cluster_known_nodes: 1,
    cluster_size: 1,
    cluster_current_epoch: 1,
    cluster_my_epoch: 1,
    cluster_stats_messages_sent: 0,
    cluster_stats_messages_received: 0,
    total_cluster_links_buffer_limit_exceeded: 0,
  };
  return Object.entries(facts)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join("");
}
