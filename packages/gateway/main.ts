/** The gateway's process: options, files, the line to the controller. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type GatewayReport, gatewayLimits, LarderError, type RouteTable } from "@larder/api";
import {
  ControllerLink,
  type Log,
  readJsonFile,
  runDaemon,
  type Started,
  systemClock,
  systemRandomness,
  writeFileAtomic,
} from "@larder/service";
import { gatewayConfig } from "./config.ts";
import { Gateway } from "./gateway.ts";

await runDaemon({
  name: "gateway",
  table: gatewayConfig,
  async start(config, log): Promise<Started> {
    const required = (key: "data-dir" | "controller-socket" | "tls-cert" | "tls-key"): string => {
      const value = config[key];
      if (value === undefined) throw new LarderError("ConfigInvalid", `--${key} is missing.`);
      return value;
    };
    const dataDirectory = required("data-dir");
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    const gateway = new Gateway({
      host: config.host,
      tlsPort: config["tls-port"],
      tls: { cert: readFileSync(required("tls-cert"), "utf8"), key: readFileSync(required("tls-key"), "utf8") },
      clock: systemClock,
      randomness: systemRandomness,
      log,
    });
    openSharedPort(gateway, config["tls-port"]);
    const socketPath = required("controller-socket");
    const link = new ControllerLink({
      socketPath,
      keepAliveMs: gatewayLimits.keepAliveMs,
      clock: systemClock,
      randomness: systemRandomness,
      log,
    });
    return follow(gateway, link, join(dataDirectory, "routes.json"), log);
  },
});

function openSharedPort(gateway: Gateway, port: number): void {
  try {
    gateway.start();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new LarderError("PortInUse", `Port ${port} is taken by another process; choose one with --tls-port.`, {
      cause: error,
    });
  }
}

/** Serves from the table on disk at once, then from each newer one; reports what is in force. */
function follow(gateway: Gateway, link: ControllerLink, routesFile: string, log: Log): Started {
  const stopping = new AbortController();
  const worker = systemRandomness.uuid();
  const report = () =>
    link.report("/gateway/report", {
      worker,
      pid: process.pid,
      revision: gateway.revision,
      listeners: gateway.listenerReports(),
      clients: gateway.clientReports(),
      metrics: gateway.metrics(),
    } satisfies GatewayReport);
  const kept = readJsonFile<RouteTable>(routesFile);
  if (kept !== undefined) gateway.apply(kept);
  void link.follow<RouteTable>(
    "/gateway/watch",
    (table) => {
      gateway.apply(table);
      void report();
      writeFileAtomic(routesFile, JSON.stringify(table));
      log.info({ revision: table.revision, routes: table.routes.length }, "routes applied");
    },
    stopping.signal,
  );
  const timer = setInterval(() => void report(), gatewayLimits.reportEveryMs);
  return {
    async stop() {
      stopping.abort();
      clearInterval(timer);
      gateway.stop();
    },
  };
}
