/**
 * The change feed of Azure Cosmos DB, by the pull model of `@azure/cosmos`: one feed for each container, read over all of its partitions, with
 * its splits and merges, by the package. The position holds a continuation token for each container and is kept in the cache server.
 *
 * The feed of latest versions tells nothing of deletions, and of several changes of an item between two looks only the last.
 * Changes are told before every replica shows them, unless the account is strongly consistent: each is invalidated twice.
 *
 * Nothing of the package is imported: what is needed of it comes with its containers.
 */
import { durationMs } from "../../duration.ts";
import { FeedQueue } from "../feed-queue.ts";
import { Gate } from "../gate.ts";
import { type ChangeSource, DatabaseRefused, type OpenFeed, type OpenOptions } from "../source.ts";
import { ContainerFeed } from "./container-feed.ts";
import { type CosmosSourceOptions, cosmosLimits, type FollowedContainer } from "./options.ts";

/** Throws a TypeError for options that cannot be. Nothing is asked before the follower starts. */
export function cosmosSource(options: CosmosSourceOptions): ChangeSource {
  if (Object.keys(options.containers ?? {}).length === 0) throw new TypeError("containers names no container.");
  if (typeof options.startFrom?.Continuation !== "function")
    throw new TypeError("startFrom has to be the class ChangeFeedStartFrom of @azure/cosmos.");
  const pollMs = durationMs(options.pollEvery ?? cosmosLimits.pollMs, "pollEvery");
  return { system: "azure.cosmosdb", keepsPosition: false, open: (at) => open({ ...options, pollMs }, at) };
}

async function open(options: CosmosSourceOptions & { pollMs: number }, at: OpenOptions): Promise<OpenFeed> {
  const { startFrom, mode = "latest versions", pollMs } = options;
  const tokens = parseTokens(at.position);
  const feeds = at.tables.map((table) => {
    const followed = followedOf(options, table);
    return new ContainerFeed({ ...followed, table, startFrom, mode, token: tokens[table], clock: at.clock });
  });
  const begun = await Promise.all(feeds.map(async (feed) => ({ feed, ...(await feed.begin()) })));

  const gate = new Gate();
  const pausing = { pause: () => gate.shut(), resume: () => gate.open() };
  const queue = new FeedQueue({ changesMax: cosmosLimits.waitingMax, ...pausing });
  // What the queue has got, and nothing that is on its way to it: that has to come again after a crash.
  const given = Object.fromEntries(begun.map(({ feed, token }) => [feed.table, token]));
  const position = () => JSON.stringify(given);
  const whys = begun.flatMap(({ whyAnew }) => whyAnew ?? []);
  if (whys.length > 0) queue.push({ kind: "anew", position: position(), why: whys.join(" ") });
  at.signal.addEventListener("abort", () => queue.close(), { once: true });
  for (const feed of feeds) poll(feed).catch((error) => queue.fail(error));
  return { items: queue.items(), acknowledge: () => {}, waiting: () => queue.waiting };

  async function poll(feed: ContainerFeed): Promise<void> {
    while (!at.signal.aborted) {
      await gate.passed(at.signal);
      const { token, changes, committedMs } = await feed.next();
      const isFurther = given[feed.table] !== token;
      given[feed.table] = token;
      if (changes.length > 0)
        queue.push({ kind: "changes", changes, committedMs, position: position(), isEarly: true });
      else if (isFurther) queue.push({ kind: "progress", position: position() });
      if (changes.length === 0) await at.clock.sleep(pollMs, at.signal);
    }
  }
}

function followedOf({ containers }: CosmosSourceOptions, table: string): FollowedContainer {
  const given = Object.hasOwn(containers, table) ? containers[table] : undefined;
  if (given === undefined)
    throw new DatabaseRefused("TABLE_UNKNOWN", `The map names "${table}", which is none of the source's containers.`);
  return "container" in given ? given : { container: given };
}

/** What is no position of this source is none at all: everything is cleared. */
function parseTokens(position: string | null): Record<string, string | undefined> {
  try {
    const parsed: unknown = JSON.parse(position ?? "{}");
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, string>) : {};
  } catch {
    return {};
  }
}
