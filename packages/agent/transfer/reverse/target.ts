/**
 * The other server of a way back, alone (target-writer.ts) or a cluster (cluster-writer.ts): what is asked of either, and what both
 * have in common. With what is written there goes a key of our own in the same transaction, which says how far it leads.
 */
import type { RemoteServer, StreamPlace } from "@larder/api";
import { backoffMs, type Clock, type Randomness } from "@larder/service";
import { migrationLimits } from "../migrate/migration-limits.ts";
import { NodeCommands } from "../migrate/node-commands.ts";
import type { RemoteClient } from "../remote/remote-client.ts";
import { RemoteError, type RemoteReply, textOf } from "../remote/remote-reply.ts";
import { isLost, sourceRefused } from "../remote/remote-socket.ts";
import type { Batch } from "./batches.ts";

export interface TargetPlace extends StreamPlace {
  /** Which is selected there in the stream. */
  database: number;
}

export interface TargetFacts {
  commands: NodeCommands;
  /** Of its release. */
  version: string;
}

export interface Target {
  readonly isCluster: boolean;
  /** How far it is; null where it has nothing of us. Throws SourceRefused. */
  place(): Promise<TargetPlace | null>;
  look(): Promise<TargetFacts>;
  /** Resolves when it is done there, once. Throws SourceRefused where something of it was refused. */
  apply(batch: Batch, history: string): Promise<void>;
  close(): void;
}

export interface TargetOptions {
  target: RemoteServer;
  /** Names our key there. */
  migrationId: string;
  clock: Clock;
  randomness: Randomness;
  signal: AbortSignal;
  /** Why it cannot be written to just now; null: it can. */
  onTrouble: (trouble: string | null) => void;
}

/** Longer than anybody keeps a way back open. */
export const markerSeconds = 30 * 24 * 3_600;
/** A transaction that was called off though our key says what it said: so often in a row it is tried. */
export const triesMax = 10;
const reconnectBackoff = { firstMs: 100, maxMs: 5_000 };

/** Of all keys of ours there. */
const markerPrefix = Buffer.from("larder:reverse:");

export function markerKeyOf(migrationId: string): string {
  return `${markerPrefix}${migrationId}`;
}

/** Whether a key of the other server is one of ours, of any way back. */
export function isMarker(key: Uint8Array): boolean {
  return markerPrefix.equals(key.subarray(0, markerPrefix.length));
}

export function placeIn(reply: RemoteReply | undefined): TargetPlace | null {
  const [history = "", offset, database] = textOf(reply).split(" ");
  return history === "" ? null : { history, offset: Number(offset), database: Number(database) };
}

export async function factsOf(client: RemoteClient): Promise<TargetFacts> {
  const info = await client.info("server");
  return { commands: new NodeCommands(await client.ask("COMMAND")), version: info.get("redis_version") ?? "0" };
}

/** Again and again while it cannot be reached, as long as there is patience. */
export async function whileReachable<T>(
  { clock, randomness, signal, onTrouble }: Omit<TargetOptions, "target" | "migrationId">,
  act: () => Promise<T>,
): Promise<T> {
  const beganMs = clock.monotonicMs();
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      const result = await act();
      onTrouble(null);
      return result;
    } catch (error) {
      signal.throwIfAborted();
      if (!isLost(error) || clock.monotonicMs() - beganMs > migrationLimits.sourceAwayMsMax) throw error;
      onTrouble((error as Error).message);
      await clock.sleep(backoffMs(attempt, reconnectBackoff, randomness), signal);
    }
  }
}

/** The replies to a transaction: the last one has those to its commands, the first of which stands behind one of our own. */
export function judge(replies: readonly RemoteReply[], commands: readonly Buffer[][], ours = 1): void {
  const early = replies.slice(0, -1).find((reply) => reply instanceof RemoteError);
  const done = replies.at(-1);
  const late = Array.isArray(done) ? done.find((reply) => reply instanceof RemoteError) : done;
  const refusal = early ?? late;
  if (!(refusal instanceof RemoteError)) return;
  const at = Array.isArray(done) ? done.indexOf(refusal) : replies.indexOf(refusal) - 1;
  const name = commands[at - ours]?.[0]?.toString("latin1").toUpperCase() ?? "a command";
  throw sourceRefused(`The other server refused ${name} of the cache's stream: ${refusal.message}`);
}
