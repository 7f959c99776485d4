/**
 * Writes batches to a cluster that is not ours: each command exactly once in its slot, though a batch has keys of many.
 *
 *   a slot      its commands are a transaction, with a key of our own in that slot, which says up to where it has the stream. Only what
 *               is behind that is written, and only if our key was not written since it was looked at (WATCH), as with one server
 *   everywhere  FLUSHALL and the like are such a transaction at each primary, when all before them is done
 *   the place   one more key says up to where all slots are: from there the stream is taken up again
 *
 * What is in a slot's key survives neither FLUSHALL nor a failover that loses writes. So before the former the place is moved up to it.
 * A slot that moves, or a primary that is lost, is waited for: who has which slot is then asked anew.
 */
import { encodeRequest, keySlot, slotCount } from "@larder/resp";
import type { NodeCommands } from "../migrate/node-commands.ts";
import { RemoteClient } from "../remote/remote-client.ts";
import { RemoteError, type RemoteReply, textOf } from "../remote/remote-reply.ts";
import { isLost, sourceLost } from "../remote/remote-socket.ts";
import { findPrimaries, type SourcePrimary } from "../remote/source-primaries.ts";
import { TransferError } from "../transfer-error.ts";
import type { Batch } from "./batches.ts";
import { slotMarkerOf } from "./slot-markers.ts";
import { type ClusterStep, type EndedCommand, planForCluster, type Reached } from "./slot-writes.ts";
import {
  factsOf,
  judge,
  markerKeyOf,
  markerSeconds,
  placeIn,
  type Target,
  type TargetFacts,
  type TargetOptions,
  type TargetPlace,
  triesMax,
  whileReachable,
} from "./target.ts";

/** Connections to each primary: transactions of a slot go one after another, and those of others beside them. */
const lanesPerPrimary = 4;
/** What a cluster says while it changes. */
const passing = new Set(["MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "READONLY"]);

/** A transaction with keys of one slot. */
interface SlotWrite {
  slot: number;
  markerKey: string;
  commands: EndedCommand[];
  /** Further commands, which go with it. */
  also: string[][];
  /** Up to where the slot has the stream then, which is in what our key is to say. */
  end: number;
  says: string;
}

interface Layout {
  primaries: readonly SourcePrimary[];
  /** Which of them has a slot. */
  owners: Uint16Array;
}

export interface ClusterWriterOptions extends TargetOptions {
  /** Commands that could not be done there as a whole, since the way back began: so many of each name. */
  onLeftOut: (counts: ReadonlyMap<string, number>) => void;
}

export class ClusterWriter implements Target {
  readonly isCluster = true;
  readonly #options: ClusterWriterOptions;
  readonly #placeKey: string;
  readonly #placeSlot: number;
  #layout: Layout | null = null;
  readonly #clients = new Map<string, Promise<RemoteClient>>();
  /** What our keys say, as far as we know. */
  readonly #known = new Map<string, number>();
  #commands: NodeCommands | null = null;
  /** By name. It stands with the place, as whoever takes that up again has to say it. */
  #leftOut = new Map<string, number>();

  constructor(options: ClusterWriterOptions) {
    this.#options = options;
    this.#placeKey = markerKeyOf(options.migrationId);
    this.#placeSlot = keySlot(Buffer.from(this.#placeKey));
  }

  place(): Promise<TargetPlace | null> {
    return this.#persist(async (layout) => {
      const client = await this.#client(layout, this.#placeSlot);
      const [reply] = await client.askRaw(encodeRequest(["GET", this.#placeKey]), 1);
      requireSteady([reply as RemoteReply]);
      this.#leftOut = leftOutIn(reply);
      if (this.#leftOut.size > 0) this.#options.onLeftOut(this.#leftOut);
      return placeIn(reply);
    });
  }

  async look(): Promise<TargetFacts> {
    const facts = await this.#persist(async (layout) => factsOf(await this.#client(layout, this.#placeSlot)));
    this.#commands = facts.commands;
    return facts;
  }

  async apply(batch: Batch, history: string): Promise<void> {
    this.#commands ??= (await this.look()).commands;
    const { steps, leftOut } = planForCluster(batch, this.#commands);
    for (const step of steps) await this.#apply(step, history);
    for (const [name, count] of leftOut) this.#leftOut.set(name, (this.#leftOut.get(name) ?? 0) + count);
    await this.#moveUp({ end: batch.end, database: batch.databaseAfter }, history);
    if (leftOut.size > 0) this.#options.onLeftOut(this.#leftOut);
  }

  close(): void {
    this.#reset();
  }

  async #apply(step: ClusterStep, history: string): Promise<void> {
    if (step.kind === "slots") {
      const writes = [...step.slots].map(([slot, commands]) => this.#slotWrite(slot, commands, history));
      return this.#persist((layout) => this.#write(layout, writes));
    }
    await this.#moveUp(step.before, history);
    await this.#persist(async (layout) => {
      const writes = layout.primaries.map((_, index) => this.#everywhereWrite(layout, index, step, history));
      await this.#write(layout, writes);
    });
    // Keys of slots may be gone with all others.
    for (const key of [...this.#known.keys()]) if (key !== this.#placeKey) this.#known.delete(key);
  }

  #slotWrite(slot: number, commands: EndedCommand[], history: string): SlotWrite {
    const markerKey = slotMarkerOf(slot, this.#options.migrationId);
    const end = commands.at(-1)?.end ?? 0;
    return { slot, markerKey, commands, also: [], end, says: `${history} ${end} 0` };
  }

  /** Where the place is kept it is written again, as it may be removed. */
  #everywhereWrite(
    { owners }: Layout,
    primary: number,
    { command, before }: Extract<ClusterStep, { kind: "everywhere" }>,
    history: string,
  ): SlotWrite {
    const hasPlace = owners[this.#placeSlot] === primary;
    const slot = hasPlace ? this.#placeSlot : owners.indexOf(primary);
    const write = this.#slotWrite(slot, [command], history);
    return hasPlace ? { ...write, also: [marking(this.#placeKey, this.#placeText(before, history))] } : write;
  }

  /** All that is before the offset is done in every slot. */
  #moveUp(reached: Reached, history: string): Promise<void> {
    const [says, { end }] = [this.#placeText(reached, history), reached];
    const write = { slot: this.#placeSlot, markerKey: this.#placeKey, commands: [], also: [], end, says };
    return this.#persist((layout) => this.#write(layout, [write]));
  }

  /** "HISTORY 300 0 rename:2,sunionstore:1". */
  #placeText({ end, database }: Reached, history: string): string {
    const leftOut = [...this.#leftOut].map(([name, count]) => `${name}:${count}`).join(",");
    return `${history} ${end} ${database} ${leftOut}`.trimEnd();
  }

  /** Beside each other, but for those of one lane. Throws when none is under way any more. */
  async #write(layout: Layout, writes: readonly SlotWrite[]): Promise<void> {
    const lanes = new Map<string, SlotWrite[]>();
    for (const write of writes) {
      const lane = laneOf(layout, write.slot);
      const before = lanes.get(lane);
      if (before === undefined) lanes.set(lane, [write]);
      else before.push(write);
    }
    const all = await Promise.allSettled([...lanes.values()].map((lane) => this.#writeLane(layout, lane)));
    const failures = all.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    if (failures.length > 0) throw failures.find((failure) => !isLost(failure)) ?? failures[0];
  }

  async #writeLane(layout: Layout, writes: readonly SlotWrite[]): Promise<void> {
    const client = await this.#client(layout, (writes[0] as SlotWrite).slot);
    let place: TargetPlace | null | undefined;
    for (const [index, write] of writes.entries()) {
      const next = writes[index + 1];
      place = await this.#writeOne(client, { write, place, next });
    }
  }

  /** `place`: what its key says, as it was looked at on the client; undefined: not yet. Returns what the next one's says. */
  async #writeOne(
    client: RemoteClient,
    about: { write: SlotWrite; place: TargetPlace | null | undefined; next: SlotWrite | undefined },
  ): Promise<TargetPlace | null | undefined> {
    const { write, next } = about;
    let looked = about.place;
    for (let tries = 0; tries < triesMax; tries++) {
      const there = this.#offsetOf(write, looked === undefined ? await lookAt(client, write.markerKey) : looked);
      if (there >= write.end) return undefined;
      const commands = write.commands.filter(({ end }) => end > there).map(({ words }) => words);
      const own = marking(write.markerKey, write.says);
      const words = [["MULTI"], ...commands, ...write.also, own, ["EXEC"], ...lookWords(next?.markerKey)];
      const replies = await client.askRaw(Buffer.concat(words.map((each) => encodeRequest(each))), words.length);
      requireSteady(replies);
      const lookedNext = next === undefined ? undefined : placeIn(replies.pop());
      if (next !== undefined) replies.pop();
      judge(replies, commands, 0);
      if (replies.at(-1) === null) {
        looked = undefined;
        continue;
      }
      this.#known.set(write.markerKey, write.end);
      return lookedNext;
    }
    throw isOthers(write.markerKey);
  }

  /** A key that is gone was evicted, or removed by FLUSHALL: then what we know counts. */
  #offsetOf({ markerKey }: SlotWrite, place: TargetPlace | null): number {
    const known = this.#known.get(markerKey);
    if (place === null) return known ?? -1;
    // It may have been written by a try of which we heard nothing, but never before.
    if (known !== undefined && place.offset < known) throw isOthers(markerKey);
    return place.offset;
  }

  #persist<T>(act: (layout: Layout) => Promise<T>): Promise<T> {
    return whileReachable(this.#options, async () => {
      try {
        this.#layout ??= await this.#found();
        return await act(this.#layout);
      } catch (error) {
        this.#reset();
        throw error;
      }
    });
  }

  async #found(): Promise<Layout> {
    const { target, signal } = this.#options;
    const { primaries, topology } = await findPrimaries(target, signal);
    if (topology === "cluster") return { primaries, owners: ownersOf(primaries) };
    throw new TransferError("Conflict", "The other server is a cluster no longer: begin the way back anew.");
  }

  #client(layout: Layout, slot: number): Promise<RemoteClient> {
    const lane = laneOf(layout, slot);
    const { target, signal } = this.#options;
    const primary = layout.primaries[layout.owners[slot] ?? 0] as SourcePrimary;
    const client = this.#clients.get(lane) ?? RemoteClient.open(primary.address, target, signal);
    this.#clients.set(lane, client);
    return client;
  }

  #reset(): void {
    for (const client of this.#clients.values()) client.then((one) => one.close()).catch(() => {});
    this.#clients.clear();
    this.#layout = null;
  }
}

function marking(key: string, says: string): string[] {
  return ["SET", key, says, "EX", String(markerSeconds)];
}

function leftOutIn(reply: RemoteReply | undefined): Map<string, number> {
  const [, , , counts = ""] = textOf(reply).split(" ");
  const pairs = counts.split(",").map((pair) => pair.split(":"));
  return new Map(pairs.flatMap(([name, count]) => (name && count ? [[name, Number(count)] as const] : [])));
}

function laneOf({ owners }: Layout, slot: number): string {
  return `${owners[slot]}/${slot % lanesPerPrimary}`;
}

function ownersOf(primaries: readonly SourcePrimary[]): Uint16Array {
  const owners = new Uint16Array(slotCount);
  for (const [index, { slots }] of primaries.entries())
    for (const range of slots.split(" ")) {
      const [first = 0, last = first] = range.split("-").map(Number);
      owners.fill(index, first, last + 1);
    }
  return owners;
}

function lookWords(key: string | undefined): string[][] {
  return key === undefined
    ? []
    : [
        ["WATCH", key],
        ["GET", key],
      ];
}

async function lookAt(client: RemoteClient, key: string): Promise<TargetPlace | null> {
  const words = lookWords(key);
  const replies = await client.askRaw(Buffer.concat(words.map((each) => encodeRequest(each))), words.length);
  requireSteady(replies);
  const refusal = replies.find((reply) => reply instanceof RemoteError);
  if (refusal instanceof RemoteError)
    throw new TransferError("SourceRefused", `The other server refuses WATCH or GET: ${refusal.message}`);
  return placeIn(replies.at(-1));
}

/** Throws SourceLost while the cluster changes. */
function requireSteady(replies: readonly RemoteReply[]): void {
  const change = replies.find((reply) => reply instanceof RemoteError && passing.has(reply.code));
  if (change instanceof RemoteError) throw sourceLost(`The cluster is changing: ${change.message}`);
}

function isOthers(key: string): TransferError {
  return new TransferError(
    "Conflict",
    `The key ${key} at the other cluster is not what it was: somebody else writes it, or a failover there has lost writes. Nobody knows how far the cluster is.`,
  );
}
