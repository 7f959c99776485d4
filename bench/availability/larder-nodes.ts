/** The engines of a service's caches, as its agents have them on disk: which process each is, and how it is asked. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Reply, ReplyError } from "@larder/resp";
import { CommandClient, type Words } from "../../tests/fixture/command-client.ts";
import { recordedNode } from "../../tests/fixture/recorded-node.ts";

export interface NodeFolder {
  nodeId: string;
  /** Of its agent, within the data directory. */
  agent: string;
  path: string;
}

export function nodeFolders(dataDir: string): NodeFolder[] {
  const agents = readdirSync(dataDir).filter((name) => /^agent(-\d+)?$/.test(name));
  return agents.flatMap((agent) => {
    const nodes = join(dataDir, agent, "nodes");
    return readdirSync(nodes).map((nodeId) => ({ nodeId, agent, path: join(nodes, nodeId) }));
  });
}

export function folderOf(dataDir: string, nodeId: string): NodeFolder {
  const folder = nodeFolders(dataDir).find((each) => each.nodeId === nodeId);
  if (folder === undefined) throw new Error(`no agent has the node ${nodeId}`);
  return folder;
}

/** Throws while an engine that begins has not written it: whoever killed process 0 would kill all that belong to itself. */
export function pidOf({ nodeId, path }: NodeFolder): number {
  const pid = Number(readFileSync(join(path, "engine.pid"), "utf8"));
  if (!Number.isInteger(pid) || pid <= 0) throw new Error(`the engine of ${nodeId} has not said which process it is`);
  return pid;
}

export class NodeClient {
  readonly #client: CommandClient;

  private constructor(client: CommandClient) {
    this.#client = client;
  }

  /** As the agent itself, on the engine's own socket. */
  static async connect({ path }: NodeFolder): Promise<NodeClient> {
    const record = recordedNode(path);
    const node = new NodeClient(await CommandClient.connect({ unix: record.socketPath }));
    await node.ask("AUTH", record.adminUser.name, record.adminUser.password);
    return node;
  }

  async ask(...words: Words): Promise<Reply> {
    const reply = await this.#client.ask(...words);
    if (reply instanceof ReplyError) throw reply;
    return reply;
  }

  async role(): Promise<string> {
    return String(((await this.ask("ROLE")) as Reply[])[0]);
  }

  /** Every key with its value. For little data: it is asked key by key. */
  async data(): Promise<Map<string, string>> {
    const data = new Map<string, string>();
    let cursor = "0";
    do {
      const [next, keys] = (await this.ask("SCAN", cursor, "COUNT", "1000")) as [string, string[]];
      for (const key of keys) data.set(key, await this.#value(key));
      cursor = next;
    } while (cursor !== "0");
    return data;
  }

  async #value(key: string): Promise<string> {
    const type = await this.ask("TYPE", key);
    return JSON.stringify(await (type === "list" ? this.ask("LRANGE", key, "0", "-1") : this.ask("GET", key)));
  }

  close(): void {
    this.#client.close();
  }
}
