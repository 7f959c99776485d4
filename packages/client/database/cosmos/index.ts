/** @larder/client/database/cosmos */
export { cosmosSource } from "./cosmos-source.ts";
export { type CosmosSourceOptions, cosmosLimits, type FollowedContainer } from "./options.ts";
