/** What following Cosmos DB is told. */
import type { ChangeFeedStartFrom, Container } from "@azure/cosmos";
import type { Duration } from "../../duration.ts";
import type { Row } from "../change.ts";

export const cosmosLimits = {
  /** How often a feed without news is asked. Each time costs about one request unit for each partition. */
  pollMs: 500,
  /** Items that are fetched at once. */
  pageItemsMax: 100,
  /** Above so many changes that wait, no more are fetched. */
  waitingMax: 1_000,
} as const;

export interface FollowedContainer {
  container: Container;
  /** Properties that never change, besides the id and the partition key: a mapping may read them of the version before. */
  fixed?: readonly string[];
  /** Whether an item is marked as deleted, for applications that mark one and let its `ttl` remove it. */
  isDeleted?: (item: Row) => boolean;
}

export interface CosmosSourceOptions {
  /** By their names in the map. */
  containers: Readonly<Record<string, Container | FollowedContainer>>;
  /** The class ChangeFeedStartFrom of the same `@azure/cosmos` that made the containers. */
  startFrom: Pick<typeof ChangeFeedStartFrom, "Now" | "Continuation">;
  /**
   * "all versions" tells deletions, too; the account needs continuous backups and the feature turned on, and changes are kept as
   * long as those. "latest versions" unless given.
   */
  mode?: "latest versions" | "all versions";
  /** See `cosmosLimits.pollMs`. */
  pollEvery?: Duration;
}
