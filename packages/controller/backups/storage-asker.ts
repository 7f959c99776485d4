/**
 * Questions about files in storage, put to agents: the controller reaches no storage itself. A folder may be one host's own, so what
 * is there is asked of every host; everything else of any that answers.
 */
import {
  type AgentAnswer,
  type BackupManifest,
  backupsListedMax,
  LarderError,
  type StorageLocation,
} from "@larder/api";
import { type FilesWish, type Orders, OrderUnanswered } from "../orders/orders.ts";
import type { Observations } from "../reconcile/observations.ts";

/** Longer than the agents' own bound, so that they say what is wrong. */
const answerMs = 55_000;

export class StorageAsker {
  readonly #orders: Orders;
  readonly #observations: Observations;

  constructor({ orders, observations }: { orders: Orders; observations: Observations }) {
    this.#orders = orders;
    this.#observations = observations;
  }

  /** The newest first. Throws ServiceUnavailable or StorageFailed. */
  async list(at: StorageLocation, cache: string | null): Promise<BackupManifest[]> {
    const wish: FilesWish = { kind: "list", at, cache };
    if (!isFolder(at)) return (await this.#any(wish)).backups ?? [];
    const answers = await Promise.allSettled(this.#hosts.map((host) => this.#one(host, wish)));
    const found = answers.flatMap((one) => (one.status === "fulfilled" ? (one.value.backups ?? []) : []));
    const failure = answers.find((one) => one.status === "rejected");
    if (found.length === 0 && failure !== undefined) throw failure.reason;
    const unique = new Map(found.map((manifest) => [`${manifest.cacheId} ${manifest.file}`, manifest]));
    return [...unique.values()].sort((a, b) => b.name.localeCompare(a.name)).slice(0, backupsListedMax);
  }

  /** `hostId`: who put them there. Throws as above. */
  async remove(at: StorageLocation, names: string[], hostId: string | null): Promise<void> {
    const wish: FilesWish = { kind: "remove", at, names };
    if (isFolder(at) && hostId !== null) await this.#one(hostId, wish);
    else await this.#any(wish);
  }

  get #hosts(): string[] {
    const hosts = this.#observations.agentReports().map(({ hostId }) => hostId);
    if (hosts.length === 0) throw new LarderError("ServiceUnavailable", "No agent is connected that could look there.");
    return hosts.sort();
  }

  /** A host that does not answer is passed over; what the storage says counts. */
  async #any(wish: FilesWish): Promise<AgentAnswer> {
    const [first, ...others] = this.#hosts;
    for (const host of [first as string, ...others.slice(0, -1)])
      try {
        return await this.#one(host, wish);
      } catch (error) {
        if (!(error instanceof LarderError) || error.code !== "ServiceUnavailable" || others.length === 0) throw error;
      }
    return this.#one(others.at(-1) as string, wish);
  }

  async #one(hostId: string, wish: FilesWish): Promise<AgentAnswer> {
    const answer = await this.#orders.giveFiles(hostId, wish, answerMs).catch((error: unknown) => {
      if (error instanceof OrderUnanswered) throw new LarderError("ServiceUnavailable", error.message);
      throw error;
    });
    if (answer.error === null) return answer;
    throw new LarderError("StorageFailed", answer.error.message);
  }
}

function isFolder({ url }: StorageLocation): boolean {
  return /^file:/i.test(url);
}
