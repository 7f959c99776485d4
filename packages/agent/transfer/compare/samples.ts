/** Keys of a server by chance: the server's own, which is fair enough to find what differs often. */
import type { ChangedKey } from "../scan/changed-keys.ts";
import type { KeyReader } from "../scan/key-reader.ts";

const keysPerRound = 50;
/** Where few keys are wanted, most of what comes by chance is not. */
const roundsMax = 10_000;

/** About so many, each once, in proportion to what the databases have. */
export async function* samplesOf(reader: KeyReader, count: number): AsyncGenerator<ChangedKey[], void, void> {
  const databases = await reader.databases();
  const total = [...databases.values()].reduce((sum, keys) => sum + keys, 0);
  for (const [database, keys] of databases) {
    const wanted = Math.min(keys, Math.ceil((count * keys) / Math.max(1, total)));
    yield* samplesOfDatabase(reader, { database, wanted });
  }
}

async function* samplesOfDatabase(
  reader: KeyReader,
  { database, wanted }: { database: number; wanted: number },
): AsyncGenerator<ChangedKey[], void, void> {
  const seen = new Set<string>();
  for (let round = 0; round < roundsMax && seen.size < wanted; round++) {
    const found = await reader.byChance(database, Math.min(keysPerRound, wanted - seen.size));
    const fresh = found.filter(({ key }) => !seen.has(key.toString("latin1")));
    for (const { key } of fresh) seen.add(key.toString("latin1"));
    if (fresh.length > 0) yield dedupe(fresh);
  }
}

function dedupe(keys: readonly ChangedKey[]): ChangedKey[] {
  return [...new Map(keys.map((key) => [key.key.toString("latin1"), key])).values()];
}
