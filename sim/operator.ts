/**
 * Whoever runs the service, and asks for things through the controller's real rules (action-rules.ts). What is refused, as
 * something else is under way, is asked again for a while.
 */
import { LarderError } from "@larder/api";
import { withPolicy } from "../packages/controller/access/access-rules.ts";
import { rebooted, switchedOver } from "../packages/controller/caches/action-rules.ts";
import type { CacheDocument, ChangeKind } from "../packages/controller/documents/cache-document.ts";
import { operationKey } from "../packages/controller/documents/document-keys.ts";
import type { OperationDocument } from "../packages/controller/documents/operation-document.ts";
import { cacheStoreKey } from "./stored-cache.ts";
import type { World } from "./world.ts";

export const wishes = [
  "switchover",
  "reboot primary",
  "reboot replicas",
  "replicas",
  "scale",
  "drain",
  "new engine",
  "policy",
] as const;
export type Wish = (typeof wishes)[number];

const againMs = 400;
const drainMs = 4_000;
const triesMax = 20;
const changeTimeoutMs = 120_000;
const replicasMax = 2;

export class Operator {
  readonly #world: World;
  asked = 0;
  refused = 0;

  constructor(world: World) {
    this.#world = world;
  }

  ask(wish: Wish, tries = 0): void {
    const { controller, clock, trace } = this.#world;
    if (tries === triesMax) {
      this.refused++;
      return trace("operator", `gives up: ${wish}`);
    }
    const again = () => clock.after(againMs, () => this.ask(wish, tries + 1));
    if (!controller.isReady || !controller.process.isAlive) return again();
    void this.#tryOnce(wish).then((isDone) => {
      if (!isDone) return again();
      this.asked++;
      trace("operator", `asked for: ${wish}`);
    });
  }

  /** Never resolves where the controller dies meanwhile: then nobody knows. */
  async #tryOnce(wish: Wish): Promise<boolean> {
    if (wish === "new engine") return this.#bringEngine();
    if (wish === "drain") return this.#drain();
    const { store } = this.#world.controller;
    const stored = await store.get<CacheDocument>(cacheStoreKey);
    if (stored === undefined) return false;
    const put = this.#wished(stored.value, wish);
    if (put === undefined) return false;
    const require = [{ key: cacheStoreKey, revision: stored.revision }];
    return (await store.transact({ require, put })).committed;
  }

  async #bringEngine(): Promise<boolean> {
    this.#world.hasNewEngine = true;
    return true;
  }

  /** A host is to be emptied, and after a while may be used again. */
  async #drain(): Promise<boolean> {
    const { chance, hosts, clock, controller } = this.#world;
    const { hostId } = chance.oneOf(hosts);
    if (controller.hosts.draining.size > 0) return false;
    const isDone = await this.#setState(hostId, "draining");
    if (isDone) clock.after(drainMs, () => this.#use(hostId));
    return isDone;
  }

  #use(hostId: string): void {
    const { controller, clock } = this.#world;
    let isDone = false;
    if (controller.isReady && controller.process.isAlive)
      void this.#setState(hostId, "active").then((isSet) => {
        isDone = isSet;
      });
    clock.after(againMs, () => {
      if (!isDone) this.#use(hostId);
    });
  }

  /** False where somebody else was faster. */
  #setState(hostId: string, state: "active" | "draining"): Promise<boolean> {
    return this.#world.controller.hosts.setState(hostId, state).then(
      () => true,
      () => false,
    );
  }

  #wished(
    cache: CacheDocument,
    wish: Exclude<Wish, "drain" | "new engine">,
  ): { key: string; value: unknown }[] | undefined {
    try {
      switch (wish) {
        case "switchover":
          return stored(switchedOver(cache, this.#lives(cache)));
        case "reboot primary":
          return stored(rebooted(cache, this.#lives(cache), "PrimaryNode").cache);
        case "reboot replicas":
          return stored(rebooted(cache, this.#lives(cache), "SecondaryNode").cache);
        case "replicas":
          return this.#changed(cache, "update", { replicas: 1 + (cache.settings.replicas % replicasMax) });
        case "scale":
          return this.#changed(cache, "scale", {
            sku: { ...cache.settings.sku, capacity: cache.settings.sku.capacity === 1 ? 2 : 1 },
          });
        case "policy":
          return this.#withPolicy(cache);
      }
    } catch (error) {
      if (error instanceof LarderError) return undefined;
      throw error;
    }
  }

  #changed(cache: CacheDocument, kind: ChangeKind, change: Partial<CacheDocument["settings"]>) {
    if (cache.change !== null) return undefined;
    const { clock } = this.#world;
    const operationId = `op-${clock.monotonicMs()}`;
    const operation: OperationDocument = {
      operationId,
      kind,
      subscription: cache.subscription,
      location: cache.location,
      startMs: clock.nowMs(),
      endMs: null,
      error: null,
    };
    const value: CacheDocument = {
      ...cache,
      settings: { ...cache.settings, ...change },
      generation: cache.generation + 1,
      version: cache.version + 1,
      change: { kind, operationId, deadlineMs: clock.nowMs() + changeTimeoutMs },
    };
    return [...stored(value), { key: operationKey(operationId), value: operation }];
  }

  /** Another one each time. It does not lock the cache. */
  #withPolicy(cache: CacheDocument) {
    const permissions = `+@all ~${cache.access.generation}`;
    const changed = withPolicy(cache.access, { name: "app", permissions });
    return changed === null ? undefined : stored({ ...cache, access: changed.access });
  }

  #lives(cache: CacheDocument) {
    const { observations } = this.#world.controller;
    return new Map(
      cache.nodes.flatMap((at) => {
        const { connected, node } = observations.node(at);
        return connected && node !== null ? [[at.nodeId, node] as const] : [];
      }),
    );
  }
}

function stored(cache: CacheDocument): { key: string; value: unknown }[] {
  return [{ key: cacheStoreKey, value: cache }];
}
