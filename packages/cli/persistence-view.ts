/** What is kept of a cache, as people read it. Pure. */
import type { LarderPersistence } from "@larder/api/redis-resource";
import type { AnyCache } from "./caches/any-cache.ts";
import type { Colors } from "./terminal.ts";
import { formatBytes } from "./units.ts";

const fromTexts = { snapshot: "a snapshot", aof: "append-only files", copy: "a copy in storage" } as const;

export function formatPersistence(kept: LarderPersistence, colors: Colors): [string, string][] {
  const { restored, loading, setAside, problem } = kept;
  return [
    ["Kept", formatKept(kept)],
    ...row(
      "Copied",
      kept.copyTo && `to ${kept.copyTo}, ${kept.copiedAt === null ? "not yet" : `last at ${kept.copiedAt}`}`,
    ),
    ...row("Restored", restored && `from ${fromTexts[restored.from]} of ${restored.savedAt}`),
    ...row("Loading", loading && `${formatBytes(loading.bytes)} of ${formatBytes(loading.bytesTotal)}`),
    ...setAside.map(({ node, name, reason }): [string, string] => [
      "Unreadable",
      colors.yellow(`${name} on ${node}: ${reason}`),
    ]),
    ...row("Not kept", problem && colors.red(problem.message)),
  ];
}

/** "shop is not kept: The append-only file cannot be written." A line each, for those whose persistence fails. */
export function formatUnkept(caches: readonly AnyCache[], colors: Colors): string {
  return caches
    .flatMap(({ name, larder }) => {
      const problem = larder?.persistence?.problem;
      return problem ? `${colors.red(`${name} is not kept:`)} ${problem.message}\n` : [];
    })
    .join("");
}

function formatKept({ snapshotEveryMinutes, aof, lastSnapshotAt }: LarderPersistence): string {
  const last = lastSnapshotAt === null ? "none yet" : `the last at ${lastSnapshotAt}`;
  const snapshots = snapshotEveryMinutes === null ? [] : [`a snapshot every ${snapshotEveryMinutes} minutes, ${last}`];
  const files = { on: ["every write, within a second"], starting: ["append-only files, from soon on"], off: [] }[aof];
  return [...files, ...snapshots].join("; ");
}

function row(label: string, text: string | null): [string, string][] {
  return text === null ? [] : [[label, text]];
}
