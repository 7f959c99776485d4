export * from "./encodings.ts";
export * from "./items.ts";
export * from "./limits.ts";
export * from "./rdb-error.ts";
