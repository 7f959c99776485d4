/** Engine versions: parsed from what the programs print, and judged. */
import { compareVersions, type EngineVersion, partsOf } from "@larder/api";

/** Lowest and highest (by the parts given, inclusive) that Larder runs. Redis left the BSD licence after 7.2. */
const supported = {
  valkey: { lowest: [7, 2], highest: undefined },
  redis: { lowest: [6, 2], highest: [7, 2] },
} as const;

export const supportedText = "valkey-server 7.2 or newer, or redis-server 6.2 to 7.2";

/** From `--version`: "Valkey server v=8.0.1 sha=…". Undefined when the text is not of an engine that we know. */
export function parseVersion(text: string): EngineVersion | undefined {
  const match = /^(Valkey|Redis) server v=(\d+\.\d+\.\d+)/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { name: match[1] === "Valkey" ? "valkey" : "redis", version: match[2] };
}

export function isSupported(engine: EngineVersion): boolean {
  const { lowest, highest } = supported[engine.name];
  if (compareVersions(partsOf(engine.version), lowest) < 0) return false;
  return highest === undefined || compareVersions(partsOf(engine.version).slice(0, highest.length), highest) <= 0;
}

/** Whether the version is at least `lowest`, given by its leading parts. */
export function isAtLeast(version: string, lowest: readonly number[]): boolean {
  return compareVersions(partsOf(version), lowest) >= 0;
}
