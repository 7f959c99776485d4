/** A cache with data that has to outlive whatever goes wrong with a transfer, and what must not be left behind. */
import { expect } from "bun:test";
import type { CacheAddress, TransferResource } from "@larder/api";
import { nodeFolders } from "../../bench/availability/larder-nodes.ts";
import { CacheAccess } from "../fixture/cache-access.ts";
import type { TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

type Action = Parameters<TestService["client"]["beginTransfer"]>[1];

/** The longest that a storage is tried again, by default, is some seconds; one that hangs takes minutes. */
const overMs = 300_000;

export class OldCache {
  readonly at: CacheAddress;
  readonly #service: TestService;
  readonly #access: CacheAccess;

  private constructor(service: TestService, access: CacheAccess) {
    this.at = { resourceGroup: service.connection.resourceGroup, name: access.name };
    this.#service = service;
    this.#access = access;
  }

  static async make(service: TestService, name: string): Promise<OldCache> {
    const access = await CacheAccess.of(service, await service.createCache(name));
    const client = await access.ioredis();
    await client.mset({ age: "old", other: "old" });
    client.disconnect();
    return new OldCache(service, access);
  }

  /** The end of a transfer. */
  async over(action: Action, body: object): Promise<TransferResource> {
    const id = await this.#service.client.beginTransfer(this.at, action, body);
    await until(`the ${action} is over`, async () => (await this.transfer(id)).endedAt !== null, overMs);
    return this.transfer(id);
  }

  transfer(id: string): Promise<TransferResource> {
    return this.#service.client.getTransfer(this.at, id);
  }

  /** Why it failed. */
  async failure(action: Action, body: object): Promise<{ code: string; message: string }> {
    const { status, error } = await this.over(action, body);
    expect(status).toBe("failed");
    return error ?? { code: "", message: "" };
  }

  /** It has what it had, and no more nodes than it had, on no disk either: it is the only cache. */
  async requireOld(): Promise<void> {
    await this.requireServed();
    await until("nothing is left of what was filled", async () => {
      const { nodes } = (await this.#service.client.getCache(this.at)).properties.larder;
      return nodes.length === 1 && nodeFolders(this.#service.dataDir).length === 1;
    });
  }

  /** It has what it had. */
  async requireServed(): Promise<void> {
    const client = await this.#access.ioredis();
    expect([await client.mget("age", "other"), await client.dbsize()]).toEqual([["old", "old"], 2]);
    client.disconnect();
  }

  close(): void {
    this.#access.close();
  }
}
