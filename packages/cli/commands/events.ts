/** `larder events NAME`: what has happened to a cache, the newest last. */

import type { CacheEvent } from "@larder/api/redis-resource";
import type { CacheAddress } from "@larder/api/rest-calls";
import { findCache } from "../cache-lookup.ts";
import { type CommandContext, type CommonOptions, openContext } from "../command-context.ts";
import { formatEvents } from "../event-view.ts";

export interface EventsOptions extends CommonOptions {
  resourceGroup?: string;
  number: number;
  follow?: boolean;
}

const followEveryMs = 500;
/** More than come between two looks. */
const newEventsMax = 100;

export async function events(name: string, options: EventsOptions): Promise<void> {
  const context = openContext(options);
  const { client, print, terminal } = context;
  const { at } = await findCache(client, name, options.resourceGroup);
  const shown = (await client.listEvents(at, options.number)).toReversed();
  if (options.follow) return follow(context, at, shown, options.json === true);
  print(shown, () => (shown.length === 0 ? "Nothing has happened yet.\n" : formatEvents(shown, terminal.colors)));
}

/** Until Ctrl-C. Lines of JSON, or rows under one heading. */
async function follow(
  { client, clock, terminal }: CommandContext,
  at: CacheAddress,
  first: CacheEvent[],
  json: boolean,
): Promise<void> {
  const shown: CacheEvent[] = [];
  let linesPrinted = 0;
  const show = (news: readonly CacheEvent[]) => {
    shown.push(...news);
    if (json) return terminal.out(news.map((event) => `${JSON.stringify(event)}\n`).join(""));
    const lines = formatEvents(shown, terminal.colors).trimEnd().split("\n");
    for (const line of lines.slice(linesPrinted)) terminal.out(`${line}\n`);
    linesPrinted = lines.length;
  };
  show(first);
  for (;;) {
    await clock.sleep(followEveryMs);
    const last = shown.at(-1)?.number ?? 0;
    const news = (await client.listEvents(at, newEventsMax)).filter(({ number }) => number > last).toReversed();
    if (news.length > 0) show(news);
  }
}
