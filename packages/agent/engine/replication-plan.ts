/**
 * Which role a node is to have, what its engine says of its role, and what brings the one to the other. Pure.
 *
 *   leader record                 role
 *   none                          as it is: detached, or the primary of a cache that had no other node
 *   one that has ended            detached
 *   this node, this life          primary
 *   this node, another life       detached   this life's memory began empty: it is not what the record means
 *   another node                  replica of the record's address; detached where it could not read what that writes
 *
 * A node that is being filled (an intake node) is a primary of its own under every record but one that names it and its
 * life. What it has is no copy of the cache's data, however it came by it. While its engine loads a file it copies it from
 * a feed, as if that were its primary (rdb-feed.ts).
 *
 * A replica whose copy has no place in its leader's history is given another one: what it says of itself means nothing.
 *
 * Whether a promotion is right is not asked here: the controller has decided.
 */
import type {
  Address,
  EngineUser,
  Leader,
  NodeId,
  ReplicaObserved,
  ReplicationRole,
  ReplicationSpec,
} from "@larder/api";
import { credentialCommands, nowhere } from "./replication-settings.ts";

export type WantedRole =
  | { kind: "unchanged" }
  | { kind: "detached" }
  | { kind: "primary" }
  | { kind: "replica"; of: Address }
  | { kind: "intake"; feed: Feed | null };

/** Of whom an intake node copies a file, on this machine and without TLS; its password is for this one time. */
export interface Feed {
  address: Address;
  user: Pick<EngineUser, "name" | "password">;
}

/** What a node knows of its data, and has to know again after its agent's death. */
export interface Epochs {
  /** Of the leader record that is in force; 0 before any. */
  epoch: number;
  /** Of the newest leader of whose data it holds a whole copy; 0 where it holds none. */
  copiedEpoch: number;
  /** Which history its data was part of when that record was put in force; null where nobody noted it. */
  historyAtEntry: string | null;
  /** It is being filled: what it has is no copy of the cache's data. */
  isIntake: boolean;
}

/** Of an engine that was told nothing yet, as far as anybody knows. */
export const initialEpochs: Epochs = { epoch: 0, copiedEpoch: 0, historyAtEntry: null, isIntake: false };

/** From INFO replication. */
export interface ReplicationSeen {
  /** Whom it follows; null when it is a primary. */
  following: Address | null;
  /** Of a follower: the link is up and the first copy complete. What the copy is worth, `isInSync` says. */
  isLinked: boolean;
  /** It is being given a whole copy, for which it drops what it has. */
  isCopying: boolean;
  /**
   * Of a follower: its last copy came by the old SYNC, which tells neither the history nor the offset. An engine falls back
   * to that by itself where its PSYNC was refused, and may be let in because a promotion came in between. It never says
   * how far it is. When its link is lost it asks to go on from where it is not: let in, it takes writes a second time.
   */
  isUnplaced: boolean;
  offset: number;
  /**
   * The engine's id of the history that its data is part of. A promotion begins a new one, which a follower takes over at
   * the moment at which it goes on with it, or has been copied to: until then it keeps its own, whomever it asks.
   */
  history: string;
  /** Of whoever is followed. */
  replicas: ReplicaObserved[];
}

type LinkSeen = Pick<ReplicationSeen, "following" | "isLinked" | "isUnplaced">;

/** More than this behind is not merely on its way. */
const behindBytesMax = 1024 * 1024;
/** Replicas say every second how far they are. */
const lagSecondsMax = 1;

const replicaOfNobody = ["REPLICAOF", "NO", "ONE"];

export function wantedRole(
  { leader, follows }: Pick<ReplicationSpec, "leader" | "follows">,
  node: { nodeId: NodeId; runId: string | null; isIntake: boolean; feed: Feed | null },
): WantedRole {
  if (node.isIntake && !isNamed(leader, node)) return { kind: "intake", feed: node.feed };
  if (leader === null) return { kind: "unchanged" };
  if (leader.endedAtMs !== null) return { kind: "detached" };
  if (leader.nodeId !== node.nodeId) return follows ? { kind: "replica", of: leader.address } : { kind: "detached" };
  return { kind: leader.runId === node.runId ? "primary" : "detached" };
}

function isNamed(leader: Leader | null, { nodeId, runId }: { nodeId: NodeId; runId: string | null }): boolean {
  return leader !== null && leader.endedAtMs === null && leader.nodeId === nodeId && leader.runId === runId;
}

/** The commands that bring an engine to its role; none when it has it. Safe to repeat. */
export function planRole(wanted: WantedRole, seen: LinkSeen, user: Pick<EngineUser, "name" | "password">): string[][] {
  switch (wanted.kind) {
    case "unchanged":
      return [];
    case "primary":
      return seen.following === null ? [] : [replicaOfNobody];
    case "detached":
      return isSame(seen.following, nowhere) ? [] : [replicaOf(nowhere)];
    case "replica":
      return planFollowing(wanted.of, seen, user);
    case "intake":
      return planIntake(wanted.feed, seen);
  }
}

/** All at once: whoever sees that it follows nobody knows that it speaks TLS to whom it follows next. */
function planIntake(feed: Feed | null, { following }: LinkSeen): string[][] {
  if (feed === null) return following === null ? [] : [["MULTI"], setTls(true), replicaOfNobody, ["EXEC"]];
  if (isSame(following, feed.address)) return [];
  return [["MULTI"], setTls(false), ...credentialCommands(feed.user), replicaOf(feed.address), ["EXEC"]];
}

function setTls(isUsed: boolean): string[] {
  return ["CONFIG", "SET", "tls-replication", isUsed ? "yes" : "no"];
}

function planFollowing(
  leader: Address,
  { following, isLinked, isUnplaced }: LinkSeen,
  user: Pick<EngineUser, "name" | "password">,
): string[][] {
  // Without a link it may have been told already. If not, what comes of its own asking is as bad, and shows with the link.
  if (isSame(following, leader) && !(isUnplaced && isLinked)) return [];
  const follow = replicaOf(leader);
  if (!isUnplaced) return [...credentialCommands(user), follow];
  // Following nobody for a moment begins a history that no leader knows: only detached, it would ask for the wrong place.
  return [...credentialCommands(user), ["MULTI"], replicaOfNobody, follow, ["EXEC"]];
}

/** For a primary that held writes while it handed over: it lets go and takes its role in one step, so that none gets in between. */
export function releaseWith(commands: readonly string[][]): string[][] {
  const settings = commands.filter(([name]) => name !== "REPLICAOF");
  const role = commands.filter(([name]) => name === "REPLICAOF");
  return [...settings, ["MULTI"], ["CLIENT", "UNPAUSE"], ...role, ["EXEC"]];
}

export function roleOf({ following }: Pick<ReplicationSeen, "following">): ReplicationRole {
  if (following === null) return "primary";
  return isSame(following, nowhere) ? "detached" : "replica";
}

/** Whether it has all that its leader had at the start of the link, and gets and counts what comes after. */
export function isInSync(seen: ReplicationSeen): boolean {
  return roleOf(seen) === "replica" && seen.isLinked && !seen.isUnplaced;
}

/**
 * Which leader's data it holds whole, from what it held before and what is seen now. A link that came and went between two
 * looks, with writes for which the replica vouched, shows by the history.
 */
export function copiedEpochOf(seen: ReplicationSeen, before: Epochs): number {
  if (before.isIntake || seen.isCopying || seen.isUnplaced) return 0;
  if (roleOf(seen) === "primary" || isInSync(seen)) return before.epoch;
  const wasLinked = before.historyAtEntry !== null && before.historyAtEntry !== seen.history;
  return wasLinked ? before.epoch : before.copiedEpoch;
}

/**
 * What it holds as a newer record is put in force. `seen` is from right behind the change of its role, when nothing can have
 * come of that yet; or from any time before, where it has that role.
 */
export function entered(seen: ReplicationSeen, before: Epochs, leader: Pick<Leader, "epoch" | "firstEpoch">): Epochs {
  const { epoch, firstEpoch } = leader;
  const held = copiedEpochOf(seen, before);
  const copiedEpoch = held >= firstEpoch ? epoch : held;
  const after = { epoch, copiedEpoch, historyAtEntry: seen.history, isIntake: false };
  return { ...after, copiedEpoch: copiedEpochOf(seen, after) };
}

/** Of an intake node, under a record that does not name it. It knows of the record, but has nothing of what that means. */
export function asIntake(before: Epochs, leader: Pick<Leader, "epoch"> | null): Epochs {
  const epoch = Math.max(before.epoch, leader?.epoch ?? 0);
  return { epoch, copiedEpoch: 0, historyAtEntry: null, isIntake: true };
}

/**
 * Whether it may be read from while it has no link: with a whole copy, and not while it begins to follow another leader,
 * whose data may be other data.
 */
export function hasWholeCopy(
  seen: ReplicationSeen,
  { epoch, copiedEpoch }: Pick<Epochs, "epoch" | "copiedEpoch">,
): boolean {
  if (copiedEpoch === 0 || seen.isCopying) return false;
  return roleOf(seen) !== "replica" || copiedEpoch === epoch;
}

/** Whether nothing is under way that a look in two seconds would be too late for. */
export function isSettled(seen: ReplicationSeen): boolean {
  if (roleOf(seen) === "replica") return isInSync(seen);
  return seen.replicas.every(
    (replica) =>
      replica.state === "online" &&
      replica.lagSeconds <= lagSecondsMax &&
      seen.offset - replica.offset <= behindBytesMax,
  );
}

export function parseReplication(info: ReadonlyMap<string, string>): ReplicationSeen {
  const isPrimary = info.get("role") === "master";
  return {
    following: isPrimary ? null : { host: info.get("master_host") ?? "", port: Number(info.get("master_port")) },
    isLinked: info.get("master_link_status") === "up" && info.get("master_sync_in_progress") === "0",
    isCopying: info.get("master_sync_in_progress") === "1",
    isUnplaced: !isPrimary && isUnplaced(info),
    offset: Number(info.get("master_repl_offset")),
    history: info.get("master_replid") ?? "",
    replicas: [...info].flatMap(([name, value]) => (/^slave\d+$/.test(name) ? parseReplica(value) : [])),
  };
}

/**
 * After a SYNC it takes itself to be at -1, with the history of its last PSYNC or with none. Its backlog begins behind that,
 * at 0; any other begins at 1 or later.
 */
function isUnplaced(info: ReadonlyMap<string, string>): boolean {
  const beginsBefore = info.get("repl_backlog_active") === "1" && info.get("repl_backlog_first_byte_offset") === "0";
  return beginsBefore || Number(info.get("master_repl_offset")) < 0 || info.get("master_replid") === "";
}

/** "ip=127.0.0.1,port=7001,state=online,offset=42,lag=1,type=replica" */
function parseReplica(text: string): ReplicaObserved[] {
  const fields = new Map(text.split(",").map((field) => field.split("=", 2) as [string, string]));
  // The second channel of a replica that is being copied to, which is listed under its first as well.
  if (fields.get("type") === "rdb-channel") return [];
  // One that listens nowhere copies for an export, and is no node.
  if (fields.get("port") === "0") return [];
  const offset = Number(fields.get("offset"));
  const state = fields.get("state") ?? "";
  return [
    {
      address: `${fields.get("ip")}:${fields.get("port")}`,
      offset,
      lagSeconds: Number(fields.get("lag")),
      // Redis sends a replica with a new copy nothing before that has said how far it is.
      state: state === "online" && offset === 0 ? "copied" : state,
    },
  ];
}

function replicaOf({ host, port }: Address): string[] {
  return ["REPLICAOF", host, String(port)];
}

function isSame(a: Address | null, b: Address): boolean {
  return a !== null && a.host === b.host && a.port === b.port;
}
