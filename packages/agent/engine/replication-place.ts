/** Finds where a new life of an engine listens for its cache's other nodes. */
import { createServer } from "node:net";
import { LarderError } from "@larder/api";
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
 * `formerPort` is the last life's, where a replica may still look for data that this life does not have. The port is
 * free now; an engine that finds it taken ends, and the next try has another. Throws EngineNotAvailable.
 */
export async function findPlace({ host, tls }: ReplicationHost, formerPort?: number): Promise<ReplicationPlace> {
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
