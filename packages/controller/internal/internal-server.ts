/**
 * The controller's own door, a Unix socket for agents and gateways of this machine (`agent-protocol.ts`,
 * `gateway-protocol.ts`). Who can open the socket is trusted: what passes here has engine passwords in it.
 */
import { chmodSync, rmSync } from "node:fs";
import {
  type AgentAnswer,
  type AgentReport,
  agentLimits,
  changesBetween,
  errorTable,
  type GatewayReport,
  gatewayLimits,
  LarderError,
  parseHostIntroduction,
  parseTokenKeyQuestion,
  type ReportAnswer,
  type TokenKeyAnswer,
  type TokenKeyQuestion,
} from "@larder/api";
import type { Clock } from "@larder/service";
import type { Hosts } from "../hosts/hosts.ts";
import type { Orders } from "../orders/orders.ts";
import type { Observations } from "../reconcile/observations.ts";
import type { Published } from "../reconcile/published.ts";
import type { DataTokens } from "../tokens/data-tokens.ts";
import { documentStream } from "./document-stream.ts";

export interface InternalServerOptions {
  socketPath: string;
  observations: Observations;
  published: Published;
  hosts: Hosts;
  orders: Orders;
  tokens: Pick<DataTokens, "lookFor">;
  clock: Clock;
}

export class InternalServer {
  readonly #options: InternalServerOptions;
  readonly #stopping = new AbortController();
  #server: Bun.Server<undefined> | undefined;

  constructor(options: InternalServerOptions) {
    this.#options = options;
  }

  /** Takes the place of a socket that a killed controller left. */
  start(): void {
    const { socketPath } = this.#options;
    rmSync(socketPath, { force: true });
    this.#server = Bun.serve({
      unix: socketPath,
      fetch: (request) => this.answer(request),
      error: refusal,
    });
    chmodSync(socketPath, 0o600);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#server?.stop(true);
    rmSync(this.#options.socketPath, { force: true });
  }

  /** For callers that are known to speak for the host that they name: the socket's, and those of the agents' door. */
  async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    switch (`${request.method} ${url.pathname}`) {
      case "GET /agent/watch":
        return await this.#watchAgent(request, url.searchParams.get("host"));
      case "POST /agent/register":
        return Response.json(
          await this.#options.hosts.register(parseHostIntroduction(await request.json()), { isLocal: true }),
        );
      case "GET /gateway/watch":
        return this.#watchGateway(request, url.searchParams.get("worker"));
      case "POST /agent/report":
        return this.#takeReport((await request.json()) as AgentReport);
      case "POST /agent/answer":
        this.#options.orders.answered((await request.json()) as AgentAnswer);
        return new Response();
      case "POST /gateway/report":
        this.#options.observations.gatewayReported((await request.json()) as GatewayReport);
        return new Response();
      case "POST /gateway/token-key":
        return await this.#lookForKey(parseTokenKeyQuestion(await request.json()));
      default:
        return new Response("no such path\n", { status: 404 });
    }
  }

  #takeReport(report: AgentReport): Response {
    const { observations, published } = this.#options;
    const taken = observations.agentReported(report);
    const revision = published.desired(report.hostId).current?.revision ?? 0;
    const answer: ReportAnswer = { ...taken, life: published.life, revision };
    return Response.json(answer);
  }

  async #lookForKey(question: TokenKeyQuestion): Promise<Response> {
    const { tokens, published } = this.#options;
    await tokens.lookFor(question);
    return Response.json({ revision: published.routes.current?.revision ?? 0 } satisfies TokenKeyAnswer);
  }

  async #watchAgent(request: Request, hostId: string | null): Promise<Response> {
    if (hostId === null || hostId === "") return new Response("host is missing\n", { status: 400 });
    const { observations, published, orders, hosts, clock } = this.#options;
    await hosts.requireNotRemoved(hostId);
    const ends = [observations.agentConnected(hostId)];
    const onOpen = (say: (message: object) => void) => ends.push(orders.opened(hostId, say));
    const onEnd = () => {
      for (const end of ends) end();
    };
    const signal = AbortSignal.any([request.signal, this.#stopping.signal]);
    const options = { keepAliveMs: agentLimits.keepAliveMs, clock, signal, onOpen, onEnd };
    return stream(documentStream(published.desired(hostId), options));
  }

  #watchGateway(request: Request, worker: string | null): Response {
    if (worker === null || worker === "") return new Response("worker is missing\n", { status: 400 });
    const { observations, published, clock } = this.#options;
    const onEnd = observations.gatewayConnected(worker);
    const signal = AbortSignal.any([request.signal, this.#stopping.signal]);
    const options = { keepAliveMs: gatewayLimits.keepAliveMs, clock, signal, onEnd, changes: changesBetween };
    return stream(documentStream(published.routes, options));
  }
}

function refusal(error: Error): Response {
  if (!(error instanceof LarderError)) return new Response("not understood\n", { status: 400 });
  const { code, message } = error;
  return Response.json({ error: { code, message } }, { status: errorTable[code].status });
}

function stream(body: ReadableStream<Uint8Array>): Response {
  return new Response(body, { headers: { "content-type": "application/x-ndjson" } });
}
