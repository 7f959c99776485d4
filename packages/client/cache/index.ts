/** @larder/client/cache */
export type * from "./options.ts";
export type { Serializer } from "./serializer.ts";
