/** Begins something that the service does to a cache, waits until it is over, and gathers what the cache's history says of it. */
import { LarderError } from "@larder/api/errors";
import type { CacheEvent } from "@larder/api/redis-resource";
import type { CacheAddress } from "@larder/api/rest-calls";
import type { CommandContext } from "./command-context.ts";
import { formatEvents } from "./event-view.ts";
import { formatDuration } from "./units.ts";

export interface FollowedAction {
  at: CacheAddress;
  /** "Rebooting shop". */
  doing: string;
  begin(): Promise<unknown>;
  isUnderWay(): Promise<boolean>;
  /** false: returns once it has begun. */
  wait: boolean;
}

const pollMs = 100;
const waitMaxMs = 10 * 60_000;
/** More is not written of one action. */
const eventsMax = 100;

/** Throws ServiceUnavailable when it takes too long, and Conflict when it came to nothing. */
export async function followThrough(context: CommandContext, action: FollowedAction): Promise<void> {
  const { client, clock, print, terminal, during } = context;
  const { at, doing, wait } = action;
  const startedMs = clock.monotonicMs();
  const before = (await client.listEvents(at, 1))[0]?.number ?? 0;
  await during(doing, () => (wait ? runToEnd(context, action) : action.begin()));
  const events = (await client.listEvents(at, eventsMax)).filter(({ number }) => number > before).toReversed();
  const problem = wait ? problemOf(events) : undefined;
  const took = formatDuration(clock.monotonicMs() - startedMs);
  print({ name: at.name, done: wait && problem === undefined, events }, () => {
    const { green, red } = terminal.colors;
    const outcome = !wait ? "Begun" : problem === undefined ? green("Done") : red("Not done");
    const title = `${outcome}: ${doing}${wait ? `, ${took}` : ""}\n`;
    return events.length === 0 ? title : `${title}\n${formatEvents(events, terminal.colors)}`;
  });
  if (problem !== undefined) throw problem;
}

async function runToEnd({ clock }: CommandContext, { at, doing, begin, isUnderWay }: FollowedAction): Promise<void> {
  await begin();
  for (const endMs = clock.monotonicMs() + waitMaxMs; await isUnderWay(); await clock.sleep(pollMs))
    if (clock.monotonicMs() > endMs)
      throw new LarderError("ServiceUnavailable", `${doing} is still under way; see \`larder events ${at.name}\`.`);
}

/** What ends with a problem came to nothing. */
function problemOf(events: readonly CacheEvent[]): LarderError | undefined {
  const last = events.at(-1);
  return last?.kind === "problem" ? new LarderError("Conflict", `${last.text}: ${last.cause}`) : undefined;
}
