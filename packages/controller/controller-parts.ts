/**
 * What the controller has between its store and its doors, each part made from those before it:
 *
 *   peers      what is heard of agents and gateways, what they are told and asked
 *   commands   what the API may ask for, of caches and of what belongs to them
 *   workers    what makes what is wanted come true
 *
 * Nothing runs here. The controller starts what has to run, and decides in which order.
 */
import { AccessCommands } from "./access/access-commands.ts";
import { BackupKeeper } from "./backups/backup-keeper.ts";
import { Backups } from "./backups/backups.ts";
import { StorageAsker } from "./backups/storage-asker.ts";
import { AdmissionLock } from "./caches/admission-lock.ts";
import { CacheActions } from "./caches/cache-actions.ts";
import { Caches } from "./caches/caches.ts";
import { ResourceGroups } from "./caches/resource-groups.ts";
import type { ControllerOptions } from "./controller-options.ts";
import { ClusterRemover } from "./enterprise/cluster-remover.ts";
import { Clusters } from "./enterprise/clusters.ts";
import { Databases } from "./enterprise/databases.ts";
import { Hosts } from "./hosts/hosts.ts";
import { networkOfSubnet } from "./network/known-networks.ts";
import { PrivateEndpoints } from "./network/private-endpoints.ts";
import { Announcer } from "./notices/announcer.ts";
import { Orders } from "./orders/orders.ts";
import { GroupRemover } from "./reconcile/group-remover.ts";
import { Observations } from "./reconcile/observations.ts";
import { OvertakenLeaders } from "./reconcile/overtaken-leaders.ts";
import { Published } from "./reconcile/published.ts";
import { Reconciler } from "./reconcile/reconciler.ts";
import type { Store } from "./store/store.ts";
import { DataTokens } from "./tokens/data-tokens.ts";
import { Transfers } from "./transfers/transfers.ts";

export interface PartsOptions extends Omit<ControllerOptions, "keys"> {
  store: Store;
  controllerLife: number;
  /** Makes the names of a location's caches part of the server's certificate. */
  coverLocation(location: string): Promise<void>;
}

export type ControllerParts = ReturnType<typeof makeParts>;
type Base = Pick<PartsOptions, "store" | "clock" | "randomness" | "log">;
type Peers = ReturnType<typeof makePeers>;
type Commands = ReturnType<typeof makeCommands>;

export function makeParts(options: PartsOptions) {
  const { store, clock, randomness, log } = options;
  const base = { store, clock, randomness, log };
  const peers = makePeers(base, options);
  const commands = makeCommands(base, peers, options);
  return { ...peers, ...commands, ...makeWorkers(base, { ...peers, ...commands }, options) };
}

function makePeers(base: Base, options: PartsOptions) {
  const { controllerLife, domain, tokenIssuers: issuers, tokenAudiences: audiences } = options;
  const observations = new Observations(base.clock);
  const tokens = new DataTokens({ ...base, issuers, audiences, publish: () => published.refresh() });
  const published: Published = new Published(base.store, domain, () => tokens.issuers.published(), controllerLife);
  const orders = new Orders(base);
  const hosts = new Hosts(base);
  return { observations, tokens, published, orders, hosts };
}

function makeCommands(base: Base, { observations, orders, hosts }: Peers, options: PartsOptions) {
  const { portBase, operationTimeoutMs, coverLocation } = options;
  const admission = new AdmissionLock();
  const ports = { portBase, portsReserved: portsReserved(options) };
  const agentReports = () => observations.agentReports();
  const caches = new Caches({ ...base, ...ports, admission, operationTimeoutMs, agentReports, hosts });
  const actions = new CacheActions({ ...base, caches, observations, orders });
  const access = new AccessCommands({ ...base, admission, caches, actions, orders });
  const groups = new ResourceGroups(base);
  const networkOf = (subnetId: string) => networkOfSubnet(subnetId, observations.gateways.connectedReports());
  const privateEndpoints = new PrivateEndpoints({ ...base, caches, actions, networkOf });
  const clusters = new Clusters({ ...base, caches, coverLocation });
  const databases = new Databases({ clusters, caches });
  const transfers = new Transfers({ ...base, caches, observations, hosts });
  const storage = new StorageAsker({ orders, observations });
  const keeper = new BackupKeeper({ ...base, transfers, storage });
  const backups = new Backups({ ...base, caches, transfers, keeper, storage });
  return {
    admission,
    caches,
    actions,
    access,
    groups,
    privateEndpoints,
    clusters,
    databases,
    transfers,
    keeper,
    backups,
  };
}

function makeWorkers(base: Base, parts: Peers & Commands, options: PartsOptions) {
  const announcer = new Announcer({ ...base, ...parts });
  const reconciler = new Reconciler({ ...base, ...parts, announcer, portsReserved: portsReserved(options) });
  const removeCache = (name: string) => parts.caches.removeByName(name);
  const removeCluster = (name: string) => parts.clusters.removeByName(name);
  const removeEndpoints = (resourceGroup: string) => parts.privateEndpoints.removeAllOf(resourceGroup);
  const groupRemover = new GroupRemover({ ...base, removeCache, removeCluster, removeEndpoints });
  const overtakenLeaders = new OvertakenLeaders({ ...base, ...parts });
  const clusterRemover = new ClusterRemover({ ...base, removeCache });
  return { reconciler, overtakenLeaders, groupRemover, clusterRemover };
}

/** Of the service itself: no cache gets them. */
function portsReserved({ apiPort, tlsPort, identityPort }: PartsOptions): number[] {
  return [apiPort, tlsPort, ...(identityPort === undefined ? [] : [identityPort])];
}
