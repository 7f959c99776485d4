/** The controller's side of the gateway protocol (packages/api/gateway-protocol.ts) and nothing else: one route table, and the newest report of each gateway process. */
import { type GatewayReport, gatewayLimits, type RouteTable } from "@larder/api";
import { WatchedDocument } from "./watched-document.ts";

export class RouteServer {
  readonly socketPath: string;
  /** By process id. */
  readonly reports = new Map<number, GatewayReport>();
  readonly #table: WatchedDocument<RouteTable>;
  #server: ReturnType<typeof Bun.serve> | null = null;
  #keepAlive: Timer | null = null;

  constructor(socketPath: string, table: RouteTable) {
    this.socketPath = socketPath;
    this.#table = new WatchedDocument(table);
  }

  start(): void {
    this.#server = Bun.serve({
      unix: this.socketPath,
      routes: {
        "/gateway/watch": () => this.#table.watch(),
        "/gateway/report": async (request: Request) => {
          const report = (await request.json()) as GatewayReport;
          this.reports.set(report.pid, report);
          return new Response();
        },
      },
    });
    this.#keepAlive = setInterval(() => this.#table.keepAlive(), gatewayLimits.keepAliveMs);
  }

  async stop(): Promise<void> {
    if (this.#keepAlive !== null) clearInterval(this.#keepAlive);
    await this.#server?.stop(true);
  }
}
