/** @larder/client/database/cosmos */
export type { FamilyOptions, QueryOptions, ReadThroughOptions, WriteOptions } from "../read-through/row-cache.ts";
export { cosmosSource } from "./cosmos-source.ts";
export { type CosmosSourceOptions, cosmosLimits, type FollowedContainer } from "./options.ts";
export { type CosmosReadThrough, type ItemAddress, itemKey, readThrough } from "./read-through.ts";
