/** What all clients of a load have in common. */
import type { Endpoint } from "../../load.ts";
import type { LoadLog } from "./load-log.ts";

export interface LoadTarget {
  endpoint: Endpoint;
  log: LoadLog;
}
