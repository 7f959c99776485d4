/** The agent's options. */
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { type HostIntroduction, LarderError, parseHostIntroduction } from "@larder/api";
import { type ConfigTable, type ConfigValues, secretsKeyFileOption } from "@larder/service";
import type { NodeTls } from "./engine/replication-settings.ts";

export const agentTable = {
  "data-dir": { type: "string", default: "agent", text: "Where the agent keeps its files." },
  "secrets-key-file": secretsKeyFileOption,
  "controller-socket": { type: "string", default: "controller.sock", text: "The controller's Unix socket." },
  "socket-dir": { type: "string", default: "run", text: "The folder of the engines' Unix sockets." },
  engine: { type: "choice", default: "auto", choices: ["auto", "native", "embedded"], text: "Which engines may run." },
  "engine-path": {
    type: "string",
    default: undefined,
    text: "The native engine's program; else the PATH is searched.",
  },
  address: {
    type: "string",
    default: undefined,
    text: "The host's own IP address, where engines listen for the other nodes of their caches and for gateways; 127.0.0.1 for an agent beside its controller.",
  },
  name: { type: "string", default: undefined, text: "What the host is called; else the machine's name." },
  zone: {
    type: "string",
    default: undefined,
    text: "Which zone the host is in: nodes of a cache go to different ones.",
  },
  "hosts-on-machine": {
    type: "integer",
    default: 1,
    min: 1,
    max: 64,
    text: "How many hosts share the machine: each counts its part of the memory as its own.",
  },
  join: {
    type: "string",
    default: undefined,
    text: "The controller's door, https://ADDRESS:PORT, on another machine; else its Unix socket is used.",
  },
  "token-file": { type: "string", default: undefined, text: "The file with the join token, for the first start." },
  "node-cert": {
    type: "string",
    default: undefined,
    text: "The certificate (PEM) by which engines know each other, for server and client use. Replicas need it.",
  },
  "node-key": { type: "string", default: undefined, text: "The certificate's key (PEM)." },
  "storage-root": {
    type: "list",
    default: [],
    text: "A folder beneath which imports and exports may have files (file:///…); can be given several times. Else DATA-DIR/files.",
  },
  "node-ca": { type: "string", default: undefined, text: "The authority (PEM) that signs all nodes' certificates." },
} as const satisfies ConfigTable;

/** What is not given is as it was known. Throws ConfigInvalid. */
export function introductionOf(
  config: Pick<ConfigValues<typeof agentTable>, "name" | "address" | "zone" | "join">,
  known: Omit<HostIntroduction, "hostId"> | undefined,
): Omit<HostIntroduction, "hostId"> {
  const name = config.name ?? known?.name ?? machineName();
  const address = config.address ?? known?.address ?? (config.join === undefined ? "127.0.0.1" : undefined);
  if (address === undefined)
    throw new LarderError("ConfigInvalid", "--address is missing: the IP address at which other hosts reach this one.");
  try {
    const { hostId: _, ...checked } = parseHostIntroduction({
      hostId: "",
      name,
      address,
      zone: config.zone ?? known?.zone ?? null,
    });
    return checked;
  } catch (error) {
    throw new LarderError("ConfigInvalid", (error as LarderError).message.replace(/^'(\w+)'/, "--$1"));
  }
}

/** In the letters that a host's name may have. */
function machineName(): string {
  const name = hostname()
    .replace(/[^a-z0-9.-]+/gi, "-")
    .slice(0, 63);
  return name.replace(/^[-.]+|[-.]+$/g, "") || "host";
}

/** Real paths of folders; that in the data directory is made where there is no other. */
export function storageRootsOf(config: Pick<ConfigValues<typeof agentTable>, "storage-root" | "data-dir">): string[] {
  const given = config["storage-root"];
  if (given.length > 0) return given.map((root) => resolve(root));
  const own = resolve(config["data-dir"], "files");
  mkdirSync(own, { recursive: true, mode: 0o700 });
  return [own];
}

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
