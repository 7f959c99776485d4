export * from "./open-storage.ts";
export * from "./storage.ts";
export * from "./storage-error.ts";
export * from "./storage-limits.ts";
