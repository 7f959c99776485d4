/** @larder/client: what the four uses share. They are in `/cache`, `/session`, `/output-cache` and `/messaging`. */
export type { Clock } from "./clock.ts";
export { ConnectionClosed, ServerUnreachable, Unsupported } from "./connection/connection.ts";
export { connect, Server, type ServerLike } from "./connection/server.ts";
export type { Randomness } from "./randomness.ts";
