/** @larder/client/database */
export { type Change, type ChangeKind, type Row, UnknownColumn } from "./change.ts";
export type { FollowEvent, FollowListener } from "./events.ts";
export type { FollowedCache } from "./followed-cache.ts";
export { type Follower, type FollowOptions, followDatabase, followLimits, type Lag } from "./follower.ts";
export type { Fallback, Invalidation, MappedChange, TableMapping, TableMappings } from "./mapping.ts";
export { type PositionOptions, positionIn, positionLimits, type Seat } from "./position.ts";
export {
  type Anew,
  type ChangeBatch,
  type ChangeSource,
  DatabaseRefused,
  type FeedItem,
  type OpenFeed,
  type OpenOptions,
  type Progress,
  SourceBusy,
  type Waiting,
} from "./source.ts";
