/** A cache of a real service, with one replica, on its plain-text port: the peers are reached likewise. */
import type { LarderNode, Sku } from "@larder/api";
import { startService, type TestService } from "../../tests/fixture/service.ts";
import type { Endpoint } from "../load.ts";
import { LarderActions } from "./larder-actions.ts";
import { folderOf, pidOf } from "./larder-nodes.ts";
import { roles } from "./load/roles.ts";
import type { Move, Subject } from "./subject.ts";
import { untilWhole } from "./until-whole.ts";

const standardC1: Sku = { name: "Standard", family: "C", capacity: 1 };

/** The stack stops it. */
export async function startLarderService(stack: AsyncDisposableStack, hosts = 1): Promise<TestService> {
  const args = hosts === 1 ? [] : ["--hosts", String(hosts)];
  const service = await startService({ engine: "native", args });
  stack.defer(() => service.stop());
  return service;
}

export class LarderSubject implements Subject {
  readonly roles = roles;
  readonly name: "larder" | "larder-durable";
  readonly service: TestService;
  readonly endpoint: Endpoint;
  readonly #cache: string;
  readonly #actions: LarderActions;

  private constructor(service: TestService, cache: string, created: { endpoint: Endpoint; isDurable: boolean }) {
    this.service = service;
    this.#cache = cache;
    this.name = created.isDurable ? "larder-durable" : "larder";
    this.endpoint = created.endpoint;
    this.#actions = new LarderActions(service, cache);
  }

  static async create(service: TestService, cache: string, isDurable = false): Promise<LarderSubject> {
    const created = await service.createCache(cache, {
      sku: standardC1,
      enableNonSslPort: true,
      ...(isDurable ? { larder: { durableWrites: true } } : {}),
    });
    const { endpoint, durableWrites } = created.properties.larder;
    if (endpoint.plainPort === null) throw new Error("the cache has no plain-text port");
    if (durableWrites !== isDurable) throw new Error("the service did not take durableWrites");
    const at = { resourceGroup: service.connection.resourceGroup, name: cache };
    const password = (await service.client.listKeys(at)).primaryKey;
    return new LarderSubject(service, cache, {
      endpoint: { port: endpoint.plainPort, caPath: null, password },
      isDurable,
    });
  }

  get address(): { resourceGroup: string; name: string } {
    return { resourceGroup: this.service.connection.resourceGroup, name: this.#cache };
  }

  async nodes(): Promise<LarderNode[]> {
    return (await this.service.client.getCache(this.address)).properties.larder.nodes;
  }

  async primary(): Promise<LarderNode> {
    const primary = (await this.nodes()).find(({ role }) => role === "primary");
    if (primary === undefined) throw new Error("the cache has no primary");
    return primary;
  }

  untilWhole(): Promise<void> {
    return untilWhole(async () => {
      const nodes = await this.nodes();
      const primaries = nodes.filter(({ role }) => role === "primary").length;
      return primaries === 1 && nodes.filter(({ inSync }) => inSync).length === nodes.length - 1;
    });
  }

  async primaryPid(): Promise<number> {
    return pidOf(folderOf(this.service.dataDir, (await this.primary()).id));
  }

  async move(): Promise<Move> {
    const { holdMs, durationMs } = await this.#actions.switchover();
    return { holdMs, durationMs };
  }
}
