/**
 * The commands on access policies and assignments. Each is one transaction, which never locks the cache: engines and gateways are told
 * at once, and the operation that it returns ends when they have it. A command that changes nothing has no operation.
 */
import {
  type AccessAssignmentBody,
  type DatabaseAssignmentAsked,
  engineRefusal,
  LarderError,
  parsePermissions,
} from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import type { AdmissionLock } from "../caches/admission-lock.ts";
import type { CacheActions } from "../caches/cache-actions.ts";
import type { Caches, Place } from "../caches/caches.ts";
import type { CacheAccess } from "../documents/cache-access.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import { policyRules } from "../documents/policy-users.ts";
import { withDatabaseAssignment, withoutDatabaseAssignment } from "../enterprise/database-access-rules.ts";
import { type Orders, OrderUnanswered } from "../orders/orders.ts";
import type { StoredDocument } from "../store/store.ts";
import { type AccessChange, withAssignment, withoutAssignment, withoutPolicy, withPolicy } from "./access-rules.ts";

export interface AccessCommandsOptions {
  admission: AdmissionLock;
  caches: Caches;
  actions: CacheActions;
  orders: Orders;
  clock: Clock;
  randomness: Randomness;
}

export interface AccessCommanded {
  stored: StoredDocument<CacheDocument>;
  isNew: boolean;
  /** undefined: nothing was changed. */
  operation: OperationDocument | undefined;
}

type Decide = (access: CacheAccess) => AccessChange | null;

/** For an engine's word on a policy. Without one it is told of the policy all the same, and the policy's state says what it thinks. */
const tryTimeoutMs = 3_000;

export class AccessCommands {
  readonly #options: AccessCommandsOptions;

  constructor(options: AccessCommandsOptions) {
    this.#options = options;
  }

  putPolicy(place: Place, name: string, permissions: string): Promise<AccessCommanded> {
    return this.#changeRules(place, permissions, (access) => withPolicy(access, { name, permissions }));
  }

  deletePolicy(place: Place, name: string): Promise<AccessCommanded> {
    return this.#change(place, (access) => withoutPolicy(access, name));
  }

  putAssignment(place: Place, name: string, body: AccessAssignmentBody): Promise<AccessCommanded> {
    return this.#change(place, (access) => withAssignment(access, name, body));
  }

  deleteAssignment(place: Place, name: string): Promise<AccessCommanded> {
    return this.#change(place, (access) => withoutAssignment(access, name));
  }

  putDatabaseAssignment(place: Place, name: string, asked: DatabaseAssignmentAsked): Promise<AccessCommanded> {
    const decide: Decide = (access) => withDatabaseAssignment(access, name, asked);
    return asked.accessString === undefined
      ? this.#change(place, decide)
      : this.#changeRules(place, asked.accessString, decide);
  }

  deleteDatabaseAssignment(place: Place, name: string): Promise<AccessCommanded> {
    return this.#change(place, (access) => withoutDatabaseAssignment(access, name));
  }

  /** What is refused anyway no engine is asked about. */
  async #changeRules(place: Place, permissions: string, decide: Decide): Promise<AccessCommanded> {
    const { value: cache } = await this.#options.caches.require(place);
    if (decide(cache.access) !== null) await this.#tryRules(cache, permissions);
    return this.#change(place, decide);
  }

  /** One after another: each reads what the one before has written. */
  #change(place: Place, decide: Decide): Promise<AccessCommanded> {
    return this.#options.admission.exclusively(async () => {
      let isNew = false;
      let operation: OperationDocument | undefined;
      const stored = await this.#options.actions.change(place, (cache) => {
        if (cache.removal !== null) throw new LarderError("Conflict", `'${cache.name}' is being deleted.`);
        const change = decide(cache.access);
        if (change === null) return null;
        isNew = change.isNew;
        operation = this.#operationFor(cache, change);
        const note = { kind: "access", cause: "asked for", text: change.text, durationMs: null, holdMs: null } as const;
        return { cache: { ...cache, access: change.access }, note, operation };
      });
      return { stored, isNew, operation };
    });
  }

  #operationFor({ name, subscription, location }: CacheDocument, change: AccessChange): OperationDocument {
    const { clock, randomness } = this.#options;
    return {
      operationId: randomness.uuid(),
      kind: "access",
      subscription,
      location,
      startMs: clock.nowMs(),
      endMs: null,
      awaits: { cache: name, accessGeneration: change.access.generation, policyName: change.policyName },
      error: null,
    };
  }

  /** Asks an engine that runs, the primary's first. Throws InvalidParameter with its words. */
  async #tryRules(cache: CacheDocument, permissions: string): Promise<void> {
    const { orders, actions } = this.#options;
    const lives = actions.lives(cache);
    const node = cache.nodes.find(({ nodeId }) => nodeId === cache.route.node?.nodeId && lives.has(nodeId));
    const { nodeId, hostId } = node ?? cache.nodes.find((one) => lives.has(one.nodeId)) ?? {};
    const runId = nodeId && lives.get(nodeId)?.runId;
    if (!nodeId || !hostId || !runId) return;
    const wish = { nodeId, runId, kind: "tryRules", rules: policyRules(permissions) } as const;
    try {
      const { error } = await orders.give(hostId, wish, tryTimeoutMs);
      if (error?.code === "InvalidParameter") throw engineRefusal(parsePermissions(permissions), error.message);
    } catch (error) {
      if (!(error instanceof OrderUnanswered)) throw error;
    }
  }
}
