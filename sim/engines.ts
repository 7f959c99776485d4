/** The engines that hosts have: one from the start, and a newer one that comes while they run. */
import type { EngineFound } from "@larder/api";

const shared = { kind: "native", memoryBytesMax: null, hasTls: true } as const;

export const engines = {
  old: { name: "redis", version: "7.0.15", path: "/redis-server", ...shared },
  new: { name: "valkey", version: "8.0.1", path: "/valkey-server", ...shared },
} as const satisfies Record<string, EngineFound>;
