/**
 * The hosts of the service: who belongs to it, and what their operator wants of them. A store-backed list and nothing else;
 * whether a host is heard and what it has is in the observations.
 *
 * A host that comes by the controller's own socket is let in by what lets it open that socket. Every other joins by a token
 * (join-tokens.ts). What is removed stays known as removed.
 */
import { type HostIntroduction, LarderError } from "@larder/api";
import type { Clock } from "@larder/service";
import { hostKey, hostsPrefix, removedHostKey } from "../documents/document-keys.ts";
import type { HostCertificate, HostDocument, RemovedHostDocument } from "../documents/host-document.ts";
import type { Store, StoredDocument, Transaction } from "../store/store.ts";

/** A certificate and the one that it replaces, which is good until the host has shown that it has the new one. */
const certificatesMax = 2;

export interface HostsListener {
  /** Other hosts are to be emptied than before. */
  onDraining?(): void;
  onRemoved?(hostId: string): void;
}

export class Hosts {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #listeners: HostsListener[] = [];
  readonly #draining = new Set<string>();

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Reads who is draining; before that nobody is. */
  async start(): Promise<void> {
    for (const { hostId, state } of await this.all()) if (state === "draining") this.#draining.add(hostId);
  }

  /** Those that get no nodes. */
  get draining(): ReadonlySet<string> {
    return this.#draining;
  }

  /** Sorted by name. */
  async all(): Promise<HostDocument[]> {
    const { documents } = await this.#store.list<HostDocument>(hostsPrefix);
    const collator = new Intl.Collator("en", { numeric: true });
    return documents.map(({ value }) => value).sort((a, b) => collator.compare(a.name, b.name));
  }

  async find(hostId: string): Promise<HostDocument | undefined> {
    return (await this.#store.get<HostDocument>(hostKey(hostId)))?.value;
  }

  /** Throws ResourceNotFound. */
  async require(hostId: string): Promise<HostDocument> {
    return (await this.#stored(hostId)).value;
  }

  /** Throws HostRemoved. */
  async requireNotRemoved(hostId: string): Promise<void> {
    const removed = await this.#store.get<RemovedHostDocument>(removedHostKey(hostId));
    if (removed === undefined) return;
    const text = `The host ${removed.value.name} (${hostId}) was removed from the service.`;
    throw new LarderError("HostRemoved", text);
  }

  /**
   * What an agent says of itself at its start. Only one by the controller's own socket (`isLocal`) becomes a host by that. A
   * name that another has gets a part of the id. Throws HostRemoved and ResourceNotFound.
   */
  async register(introduced: HostIntroduction, { isLocal }: { isLocal: boolean }): Promise<HostDocument> {
    await this.requireNotRemoved(introduced.hostId);
    const stored = await this.#store.get<HostDocument>(hostKey(introduced.hostId));
    if (stored === undefined && !isLocal) throw unknownHost(introduced.hostId);
    const { hostId, address, zone } = introduced;
    const name = (await this.#isTaken(introduced)) ? `${introduced.name}-${hostId.slice(0, 4)}` : introduced.name;
    const before = stored?.value ?? this.#newHost({ ...introduced, name }, []);
    const host: HostDocument = { ...before, name, address, zone };
    if (stored === undefined || JSON.stringify(host) !== JSON.stringify(stored.value))
      await this.#commit({ require: [at(hostId, stored)], put: [{ key: hostKey(hostId), value: host }] });
    return host;
  }

  /** What `JoinTokens` writes with the token in one transaction. Throws NameNotAvailable. */
  async joining(
    introduced: HostIntroduction,
    certificate: HostCertificate,
  ): Promise<Required<Pick<Transaction, "require" | "put">>> {
    if (await this.#isTaken(introduced))
      throw new LarderError("NameNotAvailable", `There is a host ${introduced.name} already: choose another --name.`);
    const key = hostKey(introduced.hostId);
    const stored = await this.#store.get<HostDocument>(key);
    const host = this.#newHost(introduced, [certificate]);
    return { require: [at(introduced.hostId, stored)], put: [{ key, value: host }] };
  }

  async addCertificate(hostId: string, certificate: HostCertificate): Promise<void> {
    const stored = await this.#stored(hostId);
    const certificates = [certificate, ...stored.value.certificates].slice(0, certificatesMax);
    await this.#put(stored, { ...stored.value, certificates });
  }

  /** Stores the wish; the nodes are moved by whoever plans. Throws ResourceNotFound. */
  async setState(hostId: string, state: HostDocument["state"]): Promise<HostDocument> {
    const stored = await this.#stored(hostId);
    const host: HostDocument = { ...stored.value, state };
    if (stored.value.state === state) return host;
    await this.#put(stored, host);
    if (state === "draining") this.#draining.add(host.hostId);
    else this.#draining.delete(host.hostId);
    for (const listener of this.#listeners) listener.onDraining?.();
    return host;
  }

  /** Its agent is refused from now on. Whether it may go is for the caller to know. */
  async remove(hostId: string): Promise<void> {
    const stored = await this.#stored(hostId);
    const removed: RemovedHostDocument = { hostId, name: stored.value.name, removedMs: this.#clock.nowMs() };
    await this.#commit({
      require: [at(hostId, stored)],
      delete: [stored.key],
      put: [{ key: removedHostKey(hostId), value: removed }],
    });
    this.#draining.delete(hostId);
    for (const listener of this.#listeners) listener.onRemoved?.(hostId);
  }

  listen(listener: HostsListener): void {
    this.#listeners.push(listener);
  }

  async #stored(hostId: string): Promise<StoredDocument<HostDocument>> {
    const stored = await this.#store.get<HostDocument>(hostKey(hostId));
    if (stored === undefined) throw unknownHost(hostId);
    return stored;
  }

  async #isTaken({ hostId, name }: HostIntroduction): Promise<boolean> {
    const others = (await this.all()).filter((host) => host.hostId !== hostId);
    return others.some((host) => host.name.toLowerCase() === name.toLowerCase());
  }

  #newHost(introduced: HostIntroduction, certificates: HostCertificate[]): HostDocument {
    const { hostId, name, address, zone } = introduced;
    return { hostId, name, address, zone, state: "active", joinedMs: this.#clock.nowMs(), certificates };
  }

  #put(stored: StoredDocument<HostDocument>, host: HostDocument): Promise<void> {
    return this.#commit({ require: [at(host.hostId, stored)], put: [{ key: stored.key, value: host }] });
  }

  async #commit(transaction: Transaction): Promise<void> {
    const outcome = await this.#store.transact(transaction);
    if (!outcome.committed) throw new LarderError("Conflict", "The host was changed at the same moment; try again.");
  }
}

function at(hostId: string, stored: StoredDocument | undefined): { key: string; revision: number } {
  return { key: hostKey(hostId), revision: stored?.revision ?? 0 };
}

function unknownHost(hostId: string): LarderError {
  return new LarderError("ResourceNotFound", `The service has no host ${hostId}.`);
}
