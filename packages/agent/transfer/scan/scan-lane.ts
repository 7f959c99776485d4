/**
 * One primary of a source that is copied key by key: it tells which keys change, and each is read anew. It is listened to before the
 * first key is read, so that no change falls in between.
 */
import type { RemoteServer } from "@larder/api";
import type { Clock } from "@larder/service";
import type { KeyChoice } from "../key-choice.ts";
import { SourceWatch } from "../migrate/source-watch.ts";
import { parseInfo, RemoteClient } from "../remote/remote-client.ts";
import { RemoteError, textOf } from "../remote/remote-reply.ts";
import type { SourcePrimary } from "../remote/source-primaries.ts";
import { ChangedKeys } from "./changed-keys.ts";
import { KeyEvents } from "./key-events.ts";
import { KeyReader } from "./key-reader.ts";

/** Changed keys that wait to be read. Past it, all keys are looked at again. */
const changedKeysMax = 1_000_000;

export class ScanLane {
  readonly primary: SourcePrimary;
  readonly changed = new ChangedKeys(changedKeysMax);
  readonly reader: KeyReader;
  readonly client: RemoteClient;
  readonly events: KeyEvents;
  readonly watch: SourceWatch;
  #flushes: string | null = null;

  private constructor(
    primary: SourcePrimary,
    parts: { client: RemoteClient; events: KeyEvents; changed: ChangedKeys; watch: SourceWatch; choice: KeyChoice },
  ) {
    this.primary = primary;
    this.client = parts.client;
    this.events = parts.events;
    this.changed = parts.changed;
    this.watch = parts.watch;
    this.reader = new KeyReader(parts.client, parts.choice);
  }

  /** Listens from here on. Throws SourceLost and SourceRefused. */
  static async open(
    primary: SourcePrimary,
    { source, choice, clock, signal }: { source: RemoteServer; choice: KeyChoice; clock: Clock; signal: AbortSignal },
  ): Promise<ScanLane> {
    const { address } = primary;
    const changed = new ChangedKeys(changedKeysMax);
    const events = await KeyEvents.open({
      address,
      login: source,
      clock,
      signal,
      onKey: (key) => {
        const isWanted = choice.takesDatabase(key.database) && choice.takesKey(key.key, 0, key.key.length);
        if (isWanted) changed.add(key, clock.monotonicMs());
      },
    });
    const client = await RemoteClient.open(address, source, signal);
    const lane = new ScanLane(primary, { client, events, changed, choice, watch: new SourceWatch(source, signal) });
    await lane.wasFlushed();
    return lane;
  }

  /** Whether databases were emptied or swapped since this was asked last, of which nobody tells. */
  async wasFlushed(): Promise<boolean> {
    const [reply] = await Promise.all(this.client.askEach([["INFO", "commandstats"]]));
    if (reply === undefined || reply instanceof RemoteError) return false;
    const stats = parseInfo(textOf(reply));
    const calls = ["flushall", "flushdb", "swapdb"].map(
      (name) => /calls=(\d+)/.exec(stats.get(`cmdstat_${name}`) ?? "")?.[1],
    );
    const before = this.#flushes;
    this.#flushes = calls.join();
    return before !== null && before !== this.#flushes;
  }

  close(): void {
    this.client.close();
    this.events.close();
    this.watch.close();
  }
}
