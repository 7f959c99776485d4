/** The gateway's process: options, files, the line to the controller. */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  changedTable,
  type GatewayReport,
  gatewayLimits,
  LarderError,
  parsePrivateNetworks,
  type RouteChanges,
  type RouteTable,
} from "@larder/api";
import {
  CertificateWatch,
  type ConfigValues,
  ControllerLink,
  type Log,
  Resealing,
  runDaemon,
  type Started,
  secretKeysOf,
  systemClock,
  systemRandomness,
} from "@larder/service";
import { askTokenKey } from "./access/ask-token-key.ts";
import { gatewayConfig } from "./config.ts";
import { CpuPlacement } from "./cpu/cpu-placement.ts";
import { nodeCertificateOf } from "./engine/node-certificate.ts";
import { ConnectionLog } from "./front/connection-log.ts";
import { parseProxySources } from "./front/proxy-sources.ts";
import { requirePair, type TlsFiles } from "./front/tls-contexts.ts";
import { Gateway } from "./gateway.ts";
import { counters } from "./metrics.ts";
import { ClientIds, generationsOnDisk } from "./workers/client-ids.ts";
import { KeptRoutes } from "./workers/kept-routes.ts";
import { WorkerBus } from "./workers/worker-bus.ts";

type Config = ConfigValues<typeof gatewayConfig>;

const system = { clock: systemClock, randomness: systemRandomness };

await runDaemon({
  name: "gateway",
  table: gatewayConfig,
  async start(config, log): Promise<Started> {
    if (config.worker > config.workers)
      throw new LarderError("ConfigInvalid", `--worker ${config.worker} is more than --workers ${config.workers}.`);
    mkdirSync(required(config, "data-dir"), { recursive: true, mode: 0o700 });
    const certificate = new CertificateWatch({
      certPath: required(config, "tls-cert"),
      keyPath: required(config, "tls-key"),
      clock: systemClock,
      log,
      count(what) {
        if (what === "used") counters.larder_gateway_certificate_reloads_total++;
        else counters.larder_gateway_certificate_reloads_failed_total++;
      },
    });
    const connectionLog = config["connection-log"] ? connectionLogOf(config, log) : null;
    const gateway = gatewayOf(config, { tls: readCertificate(certificate), connectionLog, log });
    await openSharedPort(gateway, config["tls-port"]);
    certificate.start((files) => gateway.useCertificate(files));
    const placement = new CpuPlacement({
      engines: () => gateway.engineProcesses(),
      mayShare: config.workers === 1 && config["cpu-placement"] === "auto",
      clock: systemClock,
      log,
    });
    placement.start();
    const following = follow({ gateway, placement }, config, log);
    return {
      async stop(reason) {
        placement.stop();
        certificate.stop();
        await following.stop(reason);
        await connectionLog?.stop();
      },
    };
  },
});

function required(config: Config, key: "data-dir" | "controller-socket" | "tls-cert" | "tls-key"): string {
  const value = config[key];
  if (value === undefined) throw new LarderError("ConfigInvalid", `--${key} is missing.`);
  return value;
}

function readCertificate(certificate: CertificateWatch): TlsFiles {
  try {
    const files = certificate.read();
    requirePair(files);
    return files;
  } catch (error) {
    const text = `--tls-cert and --tls-key cannot be used: ${(error as Error).message}.`;
    throw new LarderError("ConfigInvalid", text, { cause: error });
  }
}

function connectionLogOf(config: Config, log: Log): ConnectionLog {
  const { worker, workers } = config;
  return new ConnectionLog({ directory: required(config, "data-dir"), worker, workers, clock: systemClock, log });
}

function gatewayOf(
  config: Config,
  { tls, connectionLog, log }: { tls: TlsFiles; connectionLog: ConnectionLog | null; log: Log },
): Gateway {
  const { worker, workers } = config;
  const socketDirectory = dirname(required(config, "controller-socket"));
  const idsFile = join(required(config, "data-dir"), `client-ids-${worker}.json`);
  return new Gateway({
    ...system,
    host: config.host,
    tlsPort: config["tls-port"],
    tls,
    privateNetworks: parsePrivateNetworks(config["private-network"], config.host),
    nodeCertificate: nodeCertificateOf(config),
    log,
    proxies: parseProxySources(config["proxy-protocol-from"]),
    connectionLog,
    workers: new WorkerBus({ ...system, socketDirectory, worker, workers }),
    clientIds: new ClientIds(worker, generationsOnDisk(idsFile, log)),
  });
}

async function openSharedPort(gateway: Gateway, port: number): Promise<void> {
  try {
    await gateway.start();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new LarderError("PortInUse", `Port ${port} is taken by another process; choose one with --tls-port.`, {
      cause: error,
    });
  }
}

/** Serves from the table on disk at once, then from each newer one; reports what is in force. */
function follow(
  { gateway, placement }: { gateway: Gateway; placement: CpuPlacement },
  config: Config,
  log: Log,
): Started {
  const socketPath = required(config, "controller-socket");
  const link = new ControllerLink({ ...system, door: { socketPath }, keepAliveMs: gatewayLimits.keepAliveMs, log });
  const directory = required(config, "data-dir");
  const keys = secretKeysOf(config["secrets-key-file"], directory, systemRandomness);
  const keptRoutes = new KeptRoutes({ directory, worker: config.worker, keys, log });
  const stopping = new AbortController();
  const worker = systemRandomness.uuid();
  const report = () =>
    link.report("/gateway/report", {
      worker,
      index: config.worker,
      workers: config.workers,
      pid: process.pid,
      life: gateway.life,
      revision: gateway.revision,
      listeners: gateway.listenerReports(),
      privateNetworks: gateway.privateNetworkReports(),
      clients: gateway.clientReports(),
      moves: gateway.moveReports(),
      secretsKeyId: resealing.keyId,
      metrics: { ...gateway.metrics(), larder_gateway_cpu_shared: Number(placement.hasEngineBeside) },
    } satisfies GatewayReport);
  const reportSoon = oncePerTurn(() => void report());
  const reseal = () => keptRoutes.reseal();
  const resealing = new Resealing({ keys, reseal, onResealed: reportSoon, clock: systemClock, log });
  gateway.onPortsSettled = reportSoon;
  gateway.onMoved = reportSoon;
  gateway.askForTokenKey = (question) =>
    askTokenKey(question, { link, revision: () => gateway.revision, clock: systemClock });
  const kept = keptRoutes.read();
  if (kept !== undefined) gateway.apply(kept);
  let table = kept;
  void resealing.run(stopping.signal);
  void link.follow<RouteTable | RouteChanges>(
    `/gateway/watch?worker=${worker}`,
    (message) => {
      const changes = "changed" in message ? message : null;
      table = "changed" in message ? changedTable(requireTable(table), message) : message;
      gateway.apply(table);
      reportSoon();
      keptRoutes.keep(table, changes);
      keptRoutes.forgetBeyond(config.workers);
      log.info({ revision: table.revision, routes: table.routes.length }, "routes applied");
    },
    stopping.signal,
  );
  const timer = setInterval(() => void report(), gatewayLimits.reportEveryMs);
  return {
    async stop() {
      stopping.abort();
      clearInterval(timer);
      keptRoutes.flush();
      gateway.stop();
    },
  };
}

/** A stream begins with a whole one. */
function requireTable(table: RouteTable | undefined): RouteTable {
  if (table === undefined) throw new Error("changes of routes that never came whole");
  return table;
}

/** What is asked for several times in one turn is done once, at its end. */
function oncePerTurn(act: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    queueMicrotask(() => {
      isAsked = false;
      act();
    });
  };
}
