/** The controller's side of the gateway protocol (packages/api/gateway-protocol.ts) and nothing else: one route table, and the newest report of each gateway process. */
import { type GatewayReport, gatewayLimits, type RouteTable } from "@larder/api";

export class RouteServer {
  readonly socketPath: string;
  /** By process id. */
  readonly reports = new Map<number, GatewayReport>();
  readonly #table: RouteTable;
  readonly #streams = new Set<ReadableStreamDefaultController<string>>();
  #server: ReturnType<typeof Bun.serve> | null = null;
  #keepAlive: Timer | null = null;

  constructor(socketPath: string, table: RouteTable) {
    this.socketPath = socketPath;
    this.#table = table;
  }

  start(): void {
    this.#server = Bun.serve({
      unix: this.socketPath,
      routes: {
        "/gateway/watch": () => this.#watch(),
        "/gateway/report": async (request: Request) => {
          const report = (await request.json()) as GatewayReport;
          this.reports.set(report.pid, report);
          return new Response();
        },
      },
    });
    this.#keepAlive = setInterval(() => this.#send("\n"), gatewayLimits.keepAliveMs);
  }

  async stop(): Promise<void> {
    if (this.#keepAlive !== null) clearInterval(this.#keepAlive);
    await this.#server?.stop(true);
  }

  #send(text: string): void {
    for (const stream of this.#streams) stream.enqueue(text);
  }

  #watch(): Response {
    let own: ReadableStreamDefaultController<string>;
    const stream = new ReadableStream<string>({
      start: (controller) => {
        own = controller;
        this.#streams.add(controller);
        controller.enqueue(`${JSON.stringify(this.#table)}\n`);
      },
      cancel: () => {
        this.#streams.delete(own);
      },
    });
    return new Response(stream.pipeThrough(new TextEncoderStream()));
  }
}
