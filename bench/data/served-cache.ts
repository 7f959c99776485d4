/** A cache of a whole service, and its transfers, as its owner asks for them: over the management API. */
import { join } from "node:path";
import { type CacheAddress, pollDelayMs, type RedisCreateProperties, type TransferResource } from "@larder/api";
import { systemClock } from "@larder/service";
import { startService, type TestService } from "../../tests/fixture/service.ts";
import { folderOf, NodeClient, nodeFolders, pidOf } from "../availability/larder-nodes.ts";
import type { Endpoint } from "../load.ts";

type Action = Parameters<TestService["client"]["beginTransfer"]>[1];

const name = "bench";
const lookMs = 50;

export class ServedCache {
  readonly service: TestService;
  /** Of the port without TLS. */
  readonly endpoint: Endpoint;
  readonly #signal: AbortSignal;

  private constructor(service: TestService, endpoint: Endpoint, signal: AbortSignal) {
    this.service = service;
    this.endpoint = endpoint;
    this.#signal = signal;
  }

  /** The stack stops the service. It may read and write files below `storageRoot`. */
  static async start(
    stack: AsyncDisposableStack,
    properties: Partial<RedisCreateProperties>,
    { storageRoot, signal }: { storageRoot?: string; signal: AbortSignal },
  ): Promise<ServedCache> {
    const args = storageRoot === undefined ? [] : ["--storage-root", storageRoot];
    const service = await startService({ engine: "native", args });
    stack.defer(() => service.stop());
    const created = await service.createCache(name, { enableNonSslPort: true, ...properties });
    const { plainPort } = created.properties.larder.endpoint;
    if (plainPort === null) throw new Error("the cache has no plain-text port");
    const { primaryKey } = await service.client.listKeys({
      resourceGroup: service.connection.resourceGroup,
      name,
    });
    return new ServedCache(service, { port: plainPort, caPath: null, password: primaryKey }, signal);
  }

  get address(): CacheAddress {
    return { resourceGroup: this.service.connection.resourceGroup, name };
  }

  begin(action: Action, body: object): Promise<string> {
    return this.service.client.beginTransfer(this.address, action, body);
  }

  /** Resolves with it when that holds. Throws when it failed. */
  async when(id: string, holds: (transfer: TransferResource) => boolean): Promise<TransferResource> {
    for (let attempt = 0; ; attempt++) {
      this.#signal.throwIfAborted();
      const transfer = await this.service.client.getTransfer(this.address, id);
      if (transfer.error !== null) throw new Error(`the ${transfer.kind} failed: ${transfer.error.message}`);
      if (holds(transfer)) return transfer;
      await systemClock.sleep(Math.min(50, pollDelayMs(attempt)));
    }
  }

  /** From the request to the end. */
  async timed(action: Action, body: object): Promise<{ ms: number; transfer: TransferResource }> {
    const startMs = systemClock.monotonicMs();
    const transfer = await this.when(await this.begin(action, body), ({ status }) => status === "succeeded");
    return { ms: systemClock.monotonicMs() - startMs, transfer };
  }

  /** Its one node's engine, as the agent itself asks it. */
  async node(): Promise<NodeClient> {
    return NodeClient.connect(folderOf(this.service.dataDir, await this.#nodeId()));
  }

  /** Ends all its engines at once. */
  killEngines(): void {
    for (const folder of nodeFolders(this.service.dataDir)) process.kill(pidOf(folder), "SIGKILL");
  }

  get agentPid(): number {
    const [pid] = this.service.pids().agent;
    if (pid === undefined) throw new Error("the service has no agent");
    return pid;
  }

  /** One that led before may still be there. */
  async #nodeId(): Promise<string> {
    for (;;) {
      this.#signal.throwIfAborted();
      const { nodes } = (await this.service.client.getCache(this.address)).properties.larder;
      const [node] = nodes;
      if (node !== undefined && nodes.length === 1) return node.id;
      await systemClock.sleep(lookMs);
    }
  }
}

export function fileUrl(...path: string[]): string {
  return `file://${join(...path)}`;
}
