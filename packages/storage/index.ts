export { DirectoryStorage } from "./directory/directory-storage.ts";
export { checkSharedAccess } from "./azure/shared-access.ts";
export { parseStorageLocation } from "./location/parse-location.ts";
export * from "./location/storage-location.ts";
export * from "./open-storage.ts";
export * from "./storage.ts";
export * from "./storage-error.ts";
export * from "./storage-limits.ts";
