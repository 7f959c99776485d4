/**
 * How far a change of who may use a cache has come: which engines and gateways have taken it. Nodes whose engines do not run count for
 * nothing while others do: they take everything before they are reported with it.
 */
import { allNodes, type CacheDocument } from "../documents/cache-document.ts";
import { policyUserName } from "../documents/policy-users.ts";
import type { Observations } from "../reconcile/observations.ts";
import { observeCache } from "../reconcile/observe.ts";
import type { Published } from "../reconcile/published.ts";
import type { StoredDocument } from "../store/store.ts";

export class AccessStanding {
  readonly #newest: number;
  /** What all engines have; 0 while none runs. */
  readonly #enginesHave: number;
  readonly #gatewaysHaveAll: boolean;
  /** By the policy's user. */
  readonly #refused: ReadonlyMap<string, string>;

  constructor(
    stored: StoredDocument<CacheDocument>,
    { observations, published }: { observations: Observations; published: Published },
  ) {
    const nodes = allNodes(stored.value).flatMap((at) => {
      const { connected, node } = observations.node(at);
      return connected && node?.state === "running" ? node : [];
    });
    this.#newest = stored.value.access.generation;
    this.#enginesHave = nodes.length === 0 ? 0 : Math.min(...nodes.map(({ accessGeneration }) => accessGeneration));
    this.#refused = new Map(nodes.flatMap((node) => node.refusedUsers.map(({ name, message }) => [name, message])));
    this.#gatewaysHaveAll = observeCache(stored, observations, published).gateways.every((one) => one.acknowledged);
  }

  /** Of a change that only engines are told of. */
  isOnEngines(generation: number): boolean {
    return this.#enginesHave >= generation;
  }

  /** Of what gateways are not known to have, only the newest change is told apart. */
  isInForce(generation: number): boolean {
    return this.isOnEngines(generation) && (generation < this.#newest || this.#gatewaysHaveAll);
  }

  /** Of a change that was made before the document was read. */
  hasArrived(generation: number): boolean {
    return this.isOnEngines(generation) && this.#gatewaysHaveAll;
  }

  /** Why an engine does not take the policy, in its words. */
  refusalOf(policyName: string): string | undefined {
    return this.#refused.get(policyUserName(policyName));
  }
}
