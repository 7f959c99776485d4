/**
 * The data path of this process: takes route tables, opens and closes ports to match, and holds every client connection.
 * What it knows of a cache comes from the table alone, so it goes on while the controller is away.
 */
import type { BlockList } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type {
  ControllerLife,
  ListenerReport,
  MoveReport,
  PrivateNetwork,
  PrivateNetworkReport,
  Route,
  RouteTable,
  TokenKeyQuestion,
} from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import type { Socket } from "bun";
import { LogIns, type LoginRequest, type LoginVerdict } from "./access/log-ins.ts";
import type { Taken } from "./access/login-throttle.ts";
import { logInWithoutPassword } from "./client/authentication.ts";
import { ClientConnection } from "./client/client-connection.ts";
import type { ClientHost } from "./client/client-host.ts";
import { sweepClients } from "./client/client-sweep.ts";
import { OutputTotal } from "./client/output-total.ts";
import { processRequests } from "./commands/dispatch.ts";
import type { NodeCertificate } from "./engine/node-certificate.ts";
import { endpointOf } from "./front/address-text.ts";
import type { Port } from "./front/arrival.ts";
import { CachePorts } from "./front/cache-ports.ts";
import type { ConnectionLog } from "./front/connection-log.ts";
import { type Clients, FrontDoor } from "./front/front-door.ts";
import { type Listener, listen } from "./front/listeners.ts";
import { ListeningPlace } from "./front/listening-place.ts";
import type { NetworkRefusal } from "./front/network-rules.ts";
import { PrivateNetworks } from "./front/private-networks.ts";
import type { SocketOwner } from "./front/socket-owner.ts";
import type { TlsFiles } from "./front/tls-contexts.ts";
import { gaugesOf } from "./gauges.ts";
import { logInternalErrorsTo, noteInternalError } from "./internal-errors.ts";
import { counters, countRefusal } from "./metrics.ts";
import { ServedCache } from "./served-cache.ts";
import { answerQuestion } from "./workers/answer-question.ts";
import type { ClientIds } from "./workers/client-ids.ts";
import { PortClaims } from "./workers/port-claims.ts";
import { switchedElsewhere } from "./workers/switched-elsewhere.ts";
import type { WorkerBus, WorkerHost } from "./workers/worker-bus.ts";
import type { WorkerAnswers, WorkerQuestion } from "./workers/worker-messages.ts";

export interface GatewayOptions {
  host: string;
  tlsPort: number;
  tls: TlsFiles;
  clock: Clock;
  randomness: Randomness;
  log: Log;
  workers: WorkerBus;
  clientIds: ClientIds;
  /** For engines of other hosts. */
  nodeCertificate?: NodeCertificate | null;
  /** Where caches with a private endpoint are served, too. */
  privateNetworks?: readonly PrivateNetwork[];
  /** Connections from these begin with a PROXY header. */
  proxies?: BlockList | null;
  /** Where it is written who came and went. */
  connectionLog?: ConnectionLog | null;
}

/** How often clients are looked over for idleness and stalls; also how exact their times are. */
const sweepEveryMs = 1_000;
/** As Azure's ConnectedClientList. */
const snapshotEveryMs = 10_000;

export class Gateway implements ClientHost, Clients, WorkerHost {
  /** Of the table in force. */
  life: ControllerLife;
  revision = 0;
  /** Called when ports are open, or found to be somebody else's, that were in doubt when the table was applied. */
  onPortsSettled: () => void = () => {};
  /** Called when a planned move of a cache has come a step further. */
  onMoved: () => void = () => {};
  /** Resolves once the key was looked for, and a table that has it, where it was found, is in force. Never rejects. */
  askForTokenKey: (question: TokenKeyQuestion) => Promise<void> = async () => {};
  readonly outputTotal = new OutputTotal(() => this.#closeLargest());

  readonly #options: GatewayOptions;
  readonly #caches = new Map<string, ServedCache>();
  readonly #byServerName = new Map<string, ServedCache>();
  readonly #ports: CachePorts;
  readonly #door: FrontDoor;
  readonly #clients = new Set<ClientConnection>();
  #sharedListener: Listener | null = null;
  #sweepTimer: Timer | null = null;
  #snapshotTimer: Timer | null = null;
  readonly #claims: PortClaims;
  readonly #networks: PrivateNetworks;
  readonly #logIns: LogIns;
  #nowMs: number;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#nowMs = options.clock.monotonicMs();
    const { host, tlsPort, tls, clock, log, workers, proxies = null, privateNetworks: networks = [] } = options;
    this.#claims = new PortClaims({ place: ListeningPlace.public(host), clock, workers });
    this.#logIns = new LogIns({
      clock,
      askForKey: (question) => this.askForTokenKey(question),
      tellTaken: (taken) => workers.failedLogins(taken),
    });
    this.#door = new FrontDoor({ clients: this, tls, proxies, clock });
    const listen = this.#listen.bind(this);
    this.#networks = new PrivateNetworks({ networks, tlsPort, listen, clock, workers, log });
    this.#ports = new CachePorts({
      claimsOf: (network) => (network === null ? this.#claims : this.#networks.claimsOf(network)),
      listen,
      onChanged: () => workers.portsChanged(),
      onSettled: () => this.onPortsSettled(),
      log,
    });
  }

  /** Meets the other workers and opens the shared port. Rejects with what the system throws (EADDRINUSE). */
  async start(): Promise<void> {
    const { tlsPort, workers, log } = this.#options;
    logInternalErrorsTo(log);
    await workers.start(this);
    await this.#claims.claimed(tlsPort);
    this.#sharedListener = this.#listen(this.#claims.place, tlsPort, { cache: null, isTls: true, network: null });
    this.#networks.open();
    workers.portsChanged();
    this.#sweepTimer = setInterval(() => this.#sweep(), sweepEveryMs);
    const snapshot = () => this.#options.connectionLog?.snapshot(this.#caches.values());
    this.#snapshotTimer = setInterval(snapshot, snapshotEveryMs);
  }

  stop(): void {
    this.#options.workers.stop();
    if (this.#sweepTimer !== null) clearInterval(this.#sweepTimer);
    if (this.#snapshotTimer !== null) clearInterval(this.#snapshotTimer);
    this.#sharedListener?.stop(true);
    this.#networks.stop();
    this.#ports.stop();
    this.#door.stop();
    for (const client of [...this.#clients]) client.close("stopping");
    for (const cache of this.#caches.values()) cache.stop();
  }

  /** For the handshakes from now on. Throws, and changes nothing, where certificate and key are no pair. */
  useCertificate(files: TlsFiles): void {
    this.#door.contexts.use(files);
  }

  /**
   * Brings ports and caches into line with the table, whatever its revision: it is what the controller said last. Ports that failed to
   * open are tried again.
   */
  apply(table: RouteTable): void {
    const isSameLife = table.life === this.life;
    this.life = table.life;
    this.revision = table.revision;
    this.#logIns.tokens.useIssuers(table.tokenIssuers);
    const wanted = new Set<string>(table.routes.map((route) => route.cacheId));
    for (const cacheId of [...this.#caches.keys()]) if (!wanted.has(cacheId)) this.#remove(cacheId);
    for (const route of table.routes) this.#serve(route, isSameLife);
    this.#byServerName.clear();
    for (const cache of this.#caches.values()) this.#byServerName.set(cache.route.hostName.toLowerCase(), cache);
  }

  listenerReports(): ListenerReport[] {
    return this.#ports.reports();
  }

  privateNetworkReports(): PrivateNetworkReport[] {
    return this.#networks.reports((network) => this.#ports.failedOn(network));
  }

  clientReports(): { cacheId: Route["cacheId"]; connected: number }[] {
    return [...this.#caches.values()].map((cache) => ({ cacheId: cache.route.cacheId, connected: cache.clients.size }));
  }

  moveReports(): MoveReport[] {
    return [...this.#caches.values()].flatMap((cache) => cache.moveReport() ?? []);
  }

  metrics(): Record<string, number> {
    return {
      ...counters,
      larder_gateway_connections: this.#clients.size,
      larder_gateway_output_bytes: this.outputTotal.bytes,
      larder_gateway_ports_failed: this.listenerReports().filter(({ error }) => error !== null).length,
      larder_gateway_private_networks_failed: this.#networks.failures((network) => this.#ports.failedOn(network)),
      ...gaugesOf(this.#caches.values(), this.#clients),
      ...this.#door.gauges(),
      ...this.#logIns.gauges(),
    };
  }

  /** The native engines of this machine that have been reached. */
  engineProcesses(): number[] {
    return [...this.#caches.values()].flatMap((cache) => cache.engineProcess ?? []);
  }

  // ── for clients ────────────────────────────────────────────────────────────────────────────────────────────────────

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#options.clock.monotonicMs();
  }

  open(
    socket: Socket<SocketOwner>,
    remoteAddress: string,
    { network, isTls, reachedAt }: Pick<ClientConnection, "network" | "isTls" | "reachedAt">,
  ): ClientConnection {
    counters.larder_gateway_connections_total++;
    const id = this.#options.clientIds.next();
    const client = new ClientConnection(this, socket, { id, nowMs: this.monotonicMs(), remoteAddress });
    client.network = network;
    client.isTls = isTls;
    client.reachedAt = reachedAt;
    this.#clients.add(client);
    return client;
  }

  admit(client: ClientConnection, cache: ServedCache): void {
    const { clientsMax, minimumTlsVersion } = cache.route;
    const { workers, connectionLog } = this.#options;
    client.cache = cache;
    connectionLog?.opened(client);
    if (cache.clients.size + workers.clientsElsewhere(cache.route.cacheId) >= clientsMax) {
      counters.larder_gateway_connections_refused_clients_max_total++;
      return client.fail("ERR max number of clients reached");
    }
    if (minimumTlsVersion === "1.3" && client.socket.getTLSVersion() === "TLSv1.2") {
      counters.larder_gateway_connections_refused_tls_version_total++;
      return client.fail("ERR this cache requires TLS 1.3");
    }
    cache.clients.set(client.id, client);
    workers.clientsChanged(cache.route.cacheId);
    logInWithoutPassword(client);
  }

  findByServerName(serverName: string | undefined): ServedCache | undefined {
    const found = serverName === undefined ? undefined : this.#byServerName.get(serverName.toLowerCase());
    return found?.route.hasTls ? found : undefined;
  }

  refuseServerName(client: ClientConnection, serverName: string | undefined): void {
    counters.larder_gateway_connections_refused_server_name_total++;
    const given = serverName
      ? `no cache answers to the TLS server name '${serverName}'`
      : "the TLS server name is missing";
    client.fail(`ERR ${given}; on this port it selects the cache`);
  }

  onRefusedNetwork(cache: ServedCache, refused: { remoteAddress: string; why: NetworkRefusal }): void {
    countRefusal(refused.why);
    this.#options.connectionLog?.refused(cache, refused);
  }

  /** Often runs within a handler of an engine's socket, or of another client's: an exception must not get there. */
  process(client: ClientConnection, bytes: Buffer): void {
    try {
      processRequests(client, bytes);
    } catch (error) {
      noteInternalError(error, "client");
      client.close();
    }
  }

  judge(request: LoginRequest): LoginVerdict | Promise<LoginVerdict> {
    return this.#logIns.judge(request);
  }

  onAuthenticated(client: ClientConnection, user: string, refusal: string | null): void {
    this.#options.connectionLog?.authenticated(client, user, refusal);
  }

  onClosed(client: ClientConnection): void {
    this.#clients.delete(client);
    if (client.closeReason === "engine") counters.larder_gateway_connections_closed_engine_lost_total++;
    this.#options.connectionLog?.closed(client);
    if (client.cache?.clients.delete(client.id)) this.workers.clientsChanged(client.cache.route.cacheId);
  }

  // ── for the other workers ──────────────────────────────────────────────────────────────────────────────────────────

  get workers(): WorkerBus {
    return this.#options.workers;
  }

  cacheIds(): Iterable<string> {
    return this.#caches.keys();
  }

  clientsOf(cacheId: string): number {
    return this.#caches.get(cacheId)?.clients.size ?? 0;
  }

  ports(): number[] {
    const shared = this.#sharedListener === null ? [] : [this.#options.tlsPort];
    return [...shared, ...this.#networks.told(), ...this.#ports.told()];
  }

  answer(question: WorkerQuestion): WorkerAnswers[WorkerQuestion["kind"]] {
    return answerQuestion(this.#caches.get(question.cacheId), question);
  }

  onFailedLogins(taken: readonly Taken[]): void {
    for (const each of taken) this.#logIns.takenElsewhere(each);
  }

  onWorkersChanged(): void {
    this.#openPrivateNetworks();
    this.#ports.openContested();
  }

  // ── routes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #serve(route: Route, isSameLife: boolean): void {
    let cache = this.#caches.get(route.cacheId);
    if (cache === undefined) {
      const { nodeCertificate: certificate = null, workers, clock } = this.#options;
      cache = new ServedCache(route, {
        ...this.#options,
        certificate,
        onMove: () => this.onMoved(),
        switchedElsewhere: (cacheId, moveId) => switchedElsewhere({ cacheId, moveId }, workers, clock),
      });
      this.#caches.set(route.cacheId, cache);
      cache.start();
    } else if (route !== cache.route && !isDeepStrictEqual(route, cache.route)) {
      const before = cache.network;
      cache.update(route, { isSameLife });
      if (cache.network !== before) this.#closeUnreachable(cache);
    }
    this.#ports.match(cache);
  }

  /** Who is inside and could not come in any more. */
  #closeUnreachable(cache: ServedCache): void {
    this.#door.recheck(cache);
    for (const client of [...cache.clients.values()]) {
      const { address } = endpointOf(client.remoteAddress);
      if (cache.network.refusalOf({ address, network: client.network }) === null) continue;
      counters.larder_gateway_connections_closed_network_total++;
      client.close("network");
      client.socket.terminate();
    }
  }

  #remove(cacheId: string): void {
    const cache = this.#caches.get(cacheId);
    if (cache === undefined) return;
    this.#ports.remove(cache);
    this.#door.forgetCache(cache);
    cache.stop();
    this.#caches.delete(cacheId);
  }

  #listen(place: ListeningPlace, port: number, what: Port): Listener {
    const reusePort = this.#options.workers.isOneOfMany;
    return place.open((hostname) => listen(this.#door, { hostname, port, reusePort }, what, () => this.#nowMs));
  }

  #openPrivateNetworks(): void {
    if (!this.#networks.open()) return;
    this.#options.workers.portsChanged();
    this.#ports.openContested();
  }

  // ── bounds ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #sweep(): void {
    this.#nowMs = this.#options.clock.monotonicMs();
    this.#door.sweep();
    this.#openPrivateNetworks();
    this.#logIns.sweep();
    sweepClients(this.#clients, this.#nowMs, this.#options.clock.nowMs());
    for (const cache of this.#caches.values()) cache.sweep();
  }

  #closeLargest(): void {
    let largest: ClientConnection | undefined;
    for (const client of this.#clients) if (client.outputBytes > (largest?.outputBytes ?? 0)) largest = client;
    counters.larder_gateway_connections_closed_output_total++;
    largest?.close("output");
  }
}
