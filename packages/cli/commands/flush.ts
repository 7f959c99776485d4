/** `larder flush NAME`: removes all keys of a cache, once somebody has agreed. */
import { findCache } from "../cache-lookup.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { isAgreed } from "../consent.ts";
import { formatDuration } from "../units.ts";

export async function flush(
  name: string,
  options: CommonOptions & { resourceGroup?: string; yes?: boolean },
): Promise<void> {
  const { client, clock, during, print, terminal } = openContext(options);
  const { cache, at } = await findCache(client, name, options.resourceGroup);
  const consent = { doing: `Flushing ${cache.name}`, question: `Remove all keys of ${cache.name}?` };
  if (!options.yes && !(await isAgreed(consent, terminal))) {
    print({ name: cache.name, flushed: false }, () => "Nothing was removed.\n");
    return;
  }
  const startedMs = clock.monotonicMs();
  await during(consent.doing, () => client.flushCache(at));
  const took = formatDuration(clock.monotonicMs() - startedMs);
  print({ name: cache.name, flushed: true }, () => `${terminal.colors.green("Flushed")} ${cache.name} in ${took}\n`);
}
