/** @larder/client/output-cache */
export type { Answer } from "./answer.ts";
export { fetchOutputCache } from "./frameworks/fetch.ts";
export {
  type OutputCacheEvent,
  type OutputCacheOptions,
  outputCacheDefaults,
  type PageOutcome,
  type PageRequest,
  type RoutedRequest,
  type RouteOptions,
  type TroubleKind,
  type VaryOptions,
} from "./options.ts";
export { type FragmentOptions, type OnAnswered, OutputCache, outputCache, type Reaction } from "./output-cache.ts";
export type { RenderRequest } from "./page-key.ts";
export type { PurgeTarget } from "./purge.ts";
export type { Rendered, Source } from "./rendering.ts";
