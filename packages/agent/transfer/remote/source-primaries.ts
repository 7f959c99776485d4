/**
 * Whom to ask for a source's data: the primary, or those of a cluster. Asked again whenever one is lost, as another may have taken
 * its place.
 */
import type { Address, RemoteServer } from "@larder/api";
import { parseClusterNodes } from "./cluster-nodes.ts";
import { parseInfo, RemoteClient } from "./remote-client.ts";
import { RemoteError, type RemoteReply, textOf } from "./remote-reply.ts";
import { isLost, showAddress, sourceLost, sourceRefused } from "./remote-socket.ts";

export interface SourcePrimary {
  address: Address;
  /** What it has of a cluster's slots, as CLUSTER NODES writes it; "" outside a cluster. */
  slots: string;
}

export interface SourcePrimaries {
  topology: "standalone" | "sentinel" | "cluster";
  primaries: SourcePrimary[];
}

/** Throws SourceLost where a later try may find more, and SourceRefused where it will not. */
export async function findPrimaries(source: RemoteServer, signal: AbortSignal): Promise<SourcePrimaries> {
  if (source.topology === "sentinel" || source.sentinelName !== null) return askSentinels(source, signal);
  return askFirst(source.addresses, async (address) => {
    const client = await RemoteClient.open(address, source, signal);
    try {
      return await askServer(client, address, source, signal);
    } finally {
      client.close();
    }
  });
}

async function askServer(
  client: RemoteClient,
  address: Address,
  source: RemoteServer,
  signal: AbortSignal,
): Promise<SourcePrimaries> {
  const [answer] = await Promise.all(client.askEach([["INFO"]]));
  // Who may not ask knows what it is by what its owner says.
  const info = answer instanceof RemoteError ? new Map<string, string>() : parseInfo(textOf(answer));
  const mode = info.get("redis_mode") ?? info.get("server_mode");
  if (mode === "sentinel" && source.topology === "auto") return askSentinels(source, signal);
  if (source.topology === "cluster" || (source.topology === "auto" && mode === "cluster"))
    return askCluster(client, address);
  if (answer instanceof RemoteError && answer.code !== "NOPERM" && !answer.message.includes("unknown command"))
    throw sourceLost(`${showAddress(address)} is not ready: ${answer.message}`);
  refuseReplica(info, address);
  return { topology: "standalone", primaries: [{ address, slots: "" }] };
}

function refuseReplica(info: ReadonlyMap<string, string>, address: Address): void {
  if (info.get("role") !== "slave") return;
  const primary = `${info.get("master_host")}:${info.get("master_port")}`;
  throw sourceRefused(`${showAddress(address)} is a replica of ${primary}: name its primary.`);
}

async function askCluster(client: RemoteClient, asked: Address): Promise<SourcePrimaries> {
  const found = parseClusterNodes(String(await client.ask("CLUSTER", "NODES")), asked.host);
  if ("problem" in found) throw sourceLost(`The cluster at ${showAddress(asked)} ${found.problem}`);
  return { topology: "cluster", primaries: found.primaries };
}

function askSentinels(source: RemoteServer, signal: AbortSignal): Promise<SourcePrimaries> {
  return askFirst(source.addresses, async (address) => {
    const login = { username: null, password: source.sentinelPassword, tls: source.tls };
    const client = await RemoteClient.open(address, login, signal);
    try {
      const name = source.sentinelName ?? (await onlyName(client, address));
      const reply = await client.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name);
      if (!Array.isArray(reply))
        throw sourceRefused(`The Sentinel at ${showAddress(address)} knows no primary by the name ${name}.`);
      const [host, port] = reply.map(textOf);
      return { topology: "sentinel", primaries: [{ address: { host: host ?? "", port: Number(port) }, slots: "" }] };
    } finally {
      client.close();
    }
  });
}

async function onlyName(client: RemoteClient, address: Address): Promise<string> {
  const reply = await client.ask("SENTINEL", "MASTERS");
  const names = Array.isArray(reply) ? reply.map(nameOf) : [];
  const [name] = names;
  if (name !== undefined && names.length === 1) return name;
  throw sourceRefused(
    `The Sentinel at ${showAddress(address)} knows ${names.length} primaries (${names.join(", ")}): say which one is meant.`,
  );
}

/** Of a flat list of names and values. */
function nameOf(entry: RemoteReply): string {
  if (!Array.isArray(entry)) return "";
  const at = entry.findIndex((word) => textOf(word) === "name");
  return textOf(entry[at + 1]);
}

/** The first answer; the last failure where none has one. What one refuses, the others are not asked. */
async function askFirst<T>(addresses: readonly Address[], ask: (address: Address) => Promise<T>): Promise<T> {
  let failure: unknown = sourceRefused("No address of the server is given.");
  for (const address of addresses) {
    try {
      return await ask(address);
    } catch (error) {
      if (!isLost(error)) throw error;
      failure = error;
    }
  }
  throw failure;
}
