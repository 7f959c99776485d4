export * from "./command-table.ts";
export * from "./decode.ts";
export * from "./encode.ts";
export * from "./inline.ts";
export * from "./key-slot.ts";
export * from "./reply-scanner.ts";
export * from "./request-follower.ts";
export * from "./request-scanner.ts";
