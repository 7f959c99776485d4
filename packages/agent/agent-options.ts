/** The agent's options. */
import { resolve } from "node:path";
import { LarderError } from "@larder/api";
import type { ConfigTable, ConfigValues } from "@larder/service";
import type { NodeTls } from "./engine/replication-settings.ts";

export const agentTable = {
  "data-dir": { type: "string", default: "agent", text: "Where the agent keeps its files." },
  "controller-socket": { type: "string", default: "controller.sock", text: "The controller's Unix socket." },
  "socket-dir": { type: "string", default: "run", text: "The folder of the engines' Unix sockets." },
  engine: { type: "choice", default: "auto", choices: ["auto", "native", "embedded"], text: "Which engines may run." },
  "engine-path": {
    type: "string",
    default: undefined,
    text: "The native engine's program; else the PATH is searched.",
  },
  "replication-host": {
    type: "string",
    default: "127.0.0.1",
    text: "The host's own IP address, where engines listen for the other nodes of their caches.",
  },
  "node-cert": {
    type: "string",
    default: undefined,
    text: "The certificate (PEM) by which engines know each other, for server and client use. Replicas need it.",
  },
  "node-key": { type: "string", default: undefined, text: "The certificate's key (PEM)." },
  "node-ca": { type: "string", default: undefined, text: "The authority (PEM) that signs all nodes' certificates." },
} as const satisfies ConfigTable;

/** null when none is given. Throws ConfigInvalid when only some are. */
export function nodeTlsOf(
  config: Pick<ConfigValues<typeof agentTable>, "node-cert" | "node-key" | "node-ca">,
): NodeTls | null {
  const { "node-cert": cert, "node-key": key, "node-ca": ca } = config;
  if (cert === undefined && key === undefined && ca === undefined) return null;
  if (cert === undefined || key === undefined || ca === undefined)
    throw new LarderError("ConfigInvalid", "--node-cert, --node-key and --node-ca go together.");
  return { certPath: resolve(cert), keyPath: resolve(key), caPath: resolve(ca) };
}
