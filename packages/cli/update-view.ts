/** Updates of engines as people read them. Pure. */
import type { CacheUpdates } from "@larder/api/redis-resource";
import type { Colors } from "./terminal.ts";

export function formatEngineVersion(engine: CacheUpdates["current"]): string {
  return engine === null ? "-" : `${engine.name} ${engine.version}`;
}

/** "waits until Sun 2026-11-22 02:00 UTC". */
export function formatUpdateState({ state, stopped, windowOpensNext }: CacheUpdates, colors: Colors): string {
  switch (state) {
    case "current":
      return colors.green("up to date");
    case "running":
      return colors.yellow("running");
    case "paused":
      return "paused";
    case "stopped":
      return colors.red(`stopped: ${stopped?.message ?? ""}`);
    case "waiting":
      return windowOpensNext === null ? "waiting" : `waits until ${formatOpening(windowOpensNext)}`;
  }
}

function formatOpening(time: string): string {
  const day = new Date(time).toLocaleDateString("en", { weekday: "short", timeZone: "UTC" });
  return `${day} ${time.slice(0, "yyyy-mm-dd".length)} ${time.slice("yyyy-mm-ddT".length, "yyyy-mm-ddThh:mm".length)} UTC`;
}
