/** @larder/client/cache */
export { type Cache, createCache } from "./cache.ts";
export type { FamilyStats } from "./counts.ts";
export { LoadTimeout } from "./load-timeout.ts";
export { messagePackSerializer } from "./message-pack.ts";
export type * from "./options.ts";
export { jsonSerializer, type Serializer } from "./serializer.ts";
export { structuredCloneSerializer } from "./structured-clone.ts";
export type { CacheStats } from "./telemetry.ts";
