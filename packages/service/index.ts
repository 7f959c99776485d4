export * from "./atomic-file.ts";
export * from "./backoff.ts";
export * from "./clock.ts";
export * from "./config.ts";
export * from "./controller-link.ts";
export * from "./lifecycle.ts";
export * from "./log.ts";
export * from "./randomness.ts";
