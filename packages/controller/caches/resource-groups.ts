/** The commands on resource groups. Refusals throw LarderError. */
import { LarderError, resourceGroupNameProblem } from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import { groupKey, groupsPrefix, operationKey } from "../documents/document-keys.ts";
import type { GroupDocument } from "../documents/group-document.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import type { Store, StoredDocument } from "../store/store.ts";

type Tags = GroupDocument["tags"];

export interface ResourceGroupsOptions {
  store: Store;
  clock: Clock;
  randomness: Randomness;
}

export class ResourceGroups {
  readonly #options: ResourceGroupsOptions;

  constructor(options: ResourceGroupsOptions) {
    this.#options = options;
  }

  find(name: string): Promise<StoredDocument<GroupDocument> | undefined> {
    return this.#options.store.get<GroupDocument>(groupKey(name));
  }

  async all(): Promise<GroupDocument[]> {
    const { documents } = await this.#options.store.list<GroupDocument>(groupsPrefix);
    return documents.map((document) => document.value);
  }

  /** Throws ResourceGroupNotFound. */
  async require(name: string): Promise<StoredDocument<GroupDocument>> {
    const stored = await this.find(name);
    if (stored !== undefined) return stored;
    throw new LarderError("ResourceGroupNotFound", `Resource group '${name}' could not be found.`);
  }

  async put(at: { subscription: string; name: string }, asked: { location: string; tags: Record<string, string> }) {
    const problem = resourceGroupNameProblem(at.name);
    if (problem !== undefined)
      throw new LarderError("InvalidResourceName", `The resource group name ${problem}.`, { target: "name" });
    const { randomness } = this.#options;
    const stored = await this.find(at.name);
    if (stored?.value.removal) throw going(stored.value);
    const group: GroupDocument = {
      ...at,
      ...asked,
      groupId: randomness.uuid(),
      removal: null,
      ...(stored === undefined ? {} : identity(stored.value)),
    };
    await this.#write(stored, group);
    return { group, created: stored === undefined };
  }

  /** `change`: of the tags that it has at the moment of the change, so that none that others add is lost. */
  async retag(name: string, change: (tags: Tags) => Tags): Promise<GroupDocument> {
    const stored = await this.require(name);
    if (stored.value.removal !== null) throw going(stored.value);
    const group = { ...stored.value, tags: change(stored.value.tags) };
    await this.#write(stored, group);
    return group;
  }

  /** Begins the removal of the group and all that is in it. Returns the operation's id; that of an earlier call if there was one. */
  async remove(name: string): Promise<string> {
    const { store, clock, randomness } = this.#options;
    const stored = await this.require(name);
    if (stored.value.removal !== null) return stored.value.removal.operationId;
    const operation: OperationDocument = {
      operationId: randomness.uuid(),
      kind: "deleteGroup",
      subscription: stored.value.subscription,
      location: stored.value.location,
      startMs: clock.nowMs(),
      endMs: null,
      error: null,
    };
    const { operationId } = operation;
    const outcome = await store.transact({
      require: [{ key: stored.key, revision: stored.revision }],
      put: [
        { key: stored.key, value: { ...stored.value, removal: { operationId } } },
        { key: operationKey(operationId), value: operation },
      ],
    });
    if (!outcome.committed) throw overtaken(name);
    return operationId;
  }

  async #write(stored: StoredDocument<GroupDocument> | undefined, group: GroupDocument): Promise<void> {
    const key = groupKey(group.name);
    const require = [{ key, revision: stored?.revision ?? 0 }];
    const outcome = await this.#options.store.transact({ require, put: [{ key, value: group }] });
    if (!outcome.committed) throw overtaken(group.name);
  }
}

/** What a later PUT cannot change. */
function identity({ name, location, groupId }: GroupDocument): Pick<GroupDocument, "name" | "location" | "groupId"> {
  return { name, location, ...(groupId === undefined ? {} : { groupId }) };
}

function going(group: GroupDocument): LarderError {
  return new LarderError("Conflict", `The resource group '${group.name}' is being deleted.`);
}

function overtaken(name: string): LarderError {
  return new LarderError("Conflict", `The resource group '${name}' was changed at the same moment; try again.`);
}
