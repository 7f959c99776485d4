/**
 * A whole service on this machine: its daemons, its first resources, and the files by which others find it. Those files
 * exist only while it is ready, but for `connection.json`, which stays so that commands can say whom they miss.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import type { ConnectionFile } from "@larder/api/connection-file";
import { bracketedHost } from "@larder/api/host-text";
import { ManagementClient } from "@larder/api/management-client";
import { listCaches } from "../cache-lookup.ts";
import type { Clock } from "../clock.ts";
import { writeOwnerFile } from "../owner-file.ts";
import { hasPublicCertificate } from "./certificate-options.ts";
import type { DaemonEvents } from "./daemon.ts";
import { type Layout, planDaemons, type ServicePlan } from "./daemon-plan.ts";
import type { SpawnDaemon } from "./daemon-process.ts";
import { defaultResourceGroup, makeFirstResources } from "./first-start.ts";
import { rotateLog } from "./log-file.ts";
import { waitForPreviousRun } from "./previous-run.ts";
import { type Readiness, waitForCaches } from "./readiness.ts";
import { Supervisor } from "./supervisor.ts";
import type { UpOptions } from "./up-options.ts";

export interface Ready extends Readiness {
  connection: ConnectionFile;
  client: ManagementClient;
}

export interface LocalServiceParts {
  options: UpOptions;
  layout: Layout;
  packagesDirectory: string;
  spawn: SpawnDaemon;
  clock: Clock;
  events: DaemonEvents;
}

export class LocalService {
  readonly #parts: LocalServiceParts;
  readonly #plan: ServicePlan;
  readonly #supervisor: Supervisor;
  readonly #stopped = new AbortController();
  #connection: Omit<ConnectionFile, "pids"> | undefined;

  constructor(parts: LocalServiceParts) {
    this.#parts = parts;
    const { options, layout, packagesDirectory, spawn, clock, events } = parts;
    this.#plan = planDaemons(options, layout, packagesDirectory);
    this.#supervisor = new Supervisor(this.#plan, {
      spawn,
      clock,
      events: {
        onCrash: events.onCrash,
        onGivenUp: events.onGivenUp,
        onRestarted: (plan, pid) => {
          this.#writeConnection();
          events.onRestarted(plan, pid);
        },
      },
    });
  }

  /** Resolves when every cache answers, or has had its time. Rejects with the one thing that is wrong. */
  async start(): Promise<Ready> {
    const { options, layout, clock } = this.#parts;
    const { controller, agents, gateways } = this.#plan;
    this.#removeReadyFile();
    const isFirst = !existsSync(layout.connection);
    for (const root of options.storageRoots) mkdirSync(root, { recursive: true, mode: 0o700 });
    for (const { logPath } of [controller, ...agents, ...gateways]) rotateLog(logPath);
    await waitForPreviousRun(layout.connection, clock);
    await this.#supervisor.start(() => this.#admitAgents());
    for (const { join } of agents) if (join !== null) rmSync(join.tokenPath, { force: true });
    const client = await this.#connect();
    if (isFirst) await makeFirstResources(client, { quickstart: options.quickstart });
    const readiness = await waitForCaches(() => listCaches(client), clock);
    this.#stopped.signal.throwIfAborted();
    return { ...readiness, connection: this.#announce(client), client };
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#connection = undefined;
    this.#removeReadyFile();
    await this.#supervisor.stop();
  }

  /** Ends the daemons at once. Engines are not theirs to take along: the next start adopts them. */
  kill(): void {
    this.#supervisor.kill();
  }

  /** Gives a join token to each agent that has not joined yet. */
  async #admitAgents(): Promise<void> {
    for (const { join } of this.#plan.agents) {
      if (join === null || existsSync(join.identityPath)) continue;
      const { token } = await new ManagementClient({ ...this.#access(), subscription: "" }).createJoinToken();
      mkdirSync(join.directory, { recursive: true, mode: 0o700 });
      writeOwnerFile(join.tokenPath, `${token}\n`);
    }
  }

  #access() {
    const { layout, options } = this.#parts;
    return {
      api: apiUrl(options),
      token: readFileSync(layout.adminToken, "utf8").trim(),
      ca: readFileSync(layout.ca, "utf8"),
      signal: this.#stopped.signal,
    };
  }

  async #connect(): Promise<ManagementClient> {
    const access = this.#access();
    const [subscription] = await new ManagementClient({ ...access, subscription: "" }).listSubscriptions();
    if (subscription === undefined) throw new Error("the controller has no subscription");
    return new ManagementClient({ ...access, subscription: subscription.subscriptionId });
  }

  #announce(client: ManagementClient): ConnectionFile {
    const { layout, options } = this.#parts;
    this.#connection = {
      api: apiUrl(options),
      token: readFileSync(layout.adminToken, "utf8").trim(),
      ca: hasPublicCertificate(options.certificate) ? layout.trust : layout.ca,
      subscription: client.subscription,
      resourceGroup: defaultResourceGroup,
      storageRoots: options.storageRoots,
    };
    return this.#writeConnection() as ConnectionFile;
  }

  /** Writes the files afresh, unless the service is not ready yet or any more. */
  #writeConnection(): ConnectionFile | undefined {
    if (this.#connection === undefined) return undefined;
    const { layout, options } = this.#parts;
    const connection: ConnectionFile = { ...this.#connection, pids: this.#supervisor.pids() };
    const text = `${JSON.stringify(connection, null, 2)}\n`;
    writeOwnerFile(layout.connection, text);
    if (options.readyFile !== undefined) writeOwnerFile(options.readyFile, text);
    return connection;
  }

  #removeReadyFile(): void {
    if (this.#parts.options.readyFile !== undefined) rmSync(this.#parts.options.readyFile, { force: true });
  }
}

/** By name where the host is this machine, as that is what certificates and people say. */
export function apiUrl({ host, apiPort }: Pick<UpOptions, "host" | "apiPort">): string {
  const isLocal = ["127.0.0.1", "::1", "localhost", "0.0.0.0", "::"].includes(host);
  const name = isLocal ? "localhost" : bracketedHost(host);
  return `https://${name}:${apiPort}`;
}
