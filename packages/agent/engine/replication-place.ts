/** Finds where a new life of an engine listens for its cache's other nodes, and for gateways of other hosts. */
import { createServer } from "node:net";
import { type EngineFound, LarderError, type NodeSpec } from "@larder/api";
import { allowedCpus } from "../host.ts";
import type { NodeTls, ReplicationPlace } from "./replication-settings.ts";

/** What the host offers to its nodes. */
export interface ReplicationHost {
  /** The host's own address, at which its nodes listen. */
  host: string;
  /** null when the agent was given no certificate. */
  tls: NodeTls | null;
}

/**
 * null for a node alone that cannot have one: nobody but its own host reaches it. `formerPort` is the last life's, where a
 * replica may still look for data that this life does not have. The port is free now; an engine that finds it taken ends,
 * and the next try has another. Throws EngineNotAvailable.
 */
export async function findPlace(
  { host, tls }: ReplicationHost,
  { spec, engine, formerPort }: { spec: NodeSpec; engine: EngineFound; formerPort: number | undefined },
): Promise<ReplicationPlace | null> {
  if (spec.replication === null && (tls === null || !engine.hasTls)) return null;
  if (tls === null)
    throw new LarderError(
      "EngineNotAvailable",
      "The agent has no certificate for replication: give it --node-cert, --node-key and --node-ca.",
    );
  let port = await freePort(host);
  while (port === formerPort) port = await freePort(host);
  return { address: { host, port }, tls, cpuList: allowedCpus() };
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (cause) =>
      reject(new LarderError("EngineNotAvailable", `The host cannot listen at ${host} for replication.`, { cause })),
    );
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === "object" ? address.port : 0));
    });
  });
}
