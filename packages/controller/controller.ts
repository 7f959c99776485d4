/**
 * The controller: the only writer of the truth. It keeps the store, answers the management API, tells agents and
 * gateways what to do, and reconciles caches with what they report.
 *
 *   start   store → certificates, token, subscription → reconciler → internal socket → agents' door → API
 *   stop    the same backwards
 *
 * The reconciler starts before the socket listens, so that no agent is ever told of fewer nodes than there are.
 *
 * Here is the order alone: controller-parts.ts makes what is between store and doors, controller-doors.ts opens the doors.
 */
import { join } from "node:path";
import { ensureAdminToken } from "./admin-token.ts";
import { openAgentDoor, openManagement } from "./controller-doors.ts";
import type { ControllerOptions } from "./controller-options.ts";
import { makeParts } from "./controller-parts.ts";
import { ensureDataDirectory } from "./data-directory.ts";
import { completeDocuments } from "./documents/older-documents.ts";
import { beginLife, ensureServiceDocument } from "./documents/service-document.ts";
import type { ApiServer } from "./http/api-server.ts";
import { InternalServer } from "./internal/internal-server.ts";
import { Lifetime } from "./lifetime.ts";
import { ServiceCertificates } from "./pki/service-certificates.ts";
import { keepPruning } from "./reconcile/pruning.ts";
import { SqliteStore } from "./store/sqlite-store.ts";

export class Controller {
  readonly #options: ControllerOptions;
  readonly #life = new Lifetime();
  #api: ApiServer | undefined;

  constructor(options: ControllerOptions) {
    this.#options = options;
  }

  /** Throws DataDirectoryUnusable, StoreUnusable or PortInUse; what had started by then is stopped again. */
  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#life.stop();
  }

  get apiPort(): number {
    return this.#api?.port ?? this.#options.apiPort;
  }

  async #start(): Promise<void> {
    const options = this.#options;
    const life = this.#life;
    const store = await this.#openStore();
    const certificates = await ServiceCertificates.prepare(store, options);
    await life.run(certificates);
    const adminToken = ensureAdminToken(join(options.dataDirectory, "admin-token"), options.randomness);
    const service = await ensureServiceDocument(store, options.randomness);

    const coverLocation = (location: string) => certificates.coverLocation(location);
    const controllerLife = await beginLife(store, options.clock);
    const parts = makeParts({ ...options, store, controllerLife, coverLocation });
    await parts.tokens.open();
    await parts.hosts.start();
    await life.run(parts.reconciler);
    await life.run(parts.overtakenLeaders);
    await life.run(parts.groupRemover);
    await life.run(parts.clusterRemover);
    await life.run(parts.tokens);
    await life.run(parts.keeper);
    void keepPruning(store, { clock: options.clock, log: options.log, signal: life.signal });

    const internal = new InternalServer({ ...parts, socketPath: options.socketPath, clock: options.clock });
    await life.run(internal);
    const doors = { ...options, store, parts, certificates, service, adminToken, life };
    const joining = await openAgentDoor(doors, internal);
    this.#api = await openManagement(doors, joining);
  }

  async #openStore(): Promise<SqliteStore> {
    const { dataDirectory, keys } = this.#options;
    ensureDataDirectory(dataDirectory);
    const store = SqliteStore.open(join(dataDirectory, "store.db"), keys.open());
    this.#life.owns({ stop: () => store.close() });
    await completeDocuments(store);
    return store;
  }
}
