/**
 * The controller's door for agents of other machines: the paths of its own socket (internal-server.ts) over mutual TLS, and
 * joining (host-protocol.ts). It is closed unless its address is given.
 *
 * Who calls is who the certificate says, and speaks for that host only. It is looked up with each request, so that a host
 * which was removed is refused at once, on a connection that is open, too; its stream is ended. There is nothing for
 * gateways here: a host's certificate must not open what all caches' routes have in them.
 *
 * The HTTP server of the runtime does not tell a caller's certificate. So the TLS connections are its TLS server's, and are
 * given to an HTTP server that listens nowhere.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server, type TLSSocket } from "node:tls";
import {
  errorTable,
  LarderError,
  parseHostIntroduction,
  parseJoinRequest,
  parseRenewRequest,
  type RenewAnswer,
} from "@larder/api";
import type { Clock, Log } from "@larder/service";
import type { HostCertificates } from "../hosts/host-certificates.ts";
import type { Hosts } from "../hosts/hosts.ts";
import type { JoinTokens } from "../hosts/join-tokens.ts";
import type { IssuedPair } from "../pki/issue.ts";

/** What strangers can make the door hold. */
export const doorLimits = {
  /** Connections, of hosts and strangers together; one more is closed. */
  connectionsMax: 4_096,
  /** A connection that has not finished its handshake after so long is closed; and again, until it has shown a host's certificate. */
  strangerMs: 10_000,
  /** Of a request without a host's certificate. */
  strangerBytesMax: 16 * 1024,
  /** Of a host's: its report lists all of its nodes. */
  hostBytesMax: 16 * 1024 * 1024,
} as const;

export interface AgentDoorOptions {
  host: string;
  port: number;
  door: IssuedPair;
  hosts: Hosts;
  certificates: HostCertificates;
  tokens: JoinTokens;
  /** The answers that the controller's own socket gives. */
  answer(request: Request): Promise<Response>;
  clock: Clock;
  log: Log;
  limits?: DoorLimits;
}

export type DoorLimits = Record<keyof typeof doorLimits, number>;

export class AgentDoor {
  readonly #options: AgentDoorOptions;
  readonly #stopping = new AbortController();
  readonly #http = createServer((request, response) => void this.#serve(request, response));
  readonly #limits: DoorLimits;
  /** What is called once a connection has shown whose it is. */
  readonly #connections = new Map<TLSSocket, () => void>();
  /** What ends the streams of a host. */
  readonly #streams = new Map<string, Set<AbortController>>();
  #tls: Server | undefined;

  constructor(options: AgentDoorOptions) {
    this.#options = options;
    this.#limits = options.limits ?? doorLimits;
  }

  /** Throws PortInUse and ConfigInvalid. */
  async start(): Promise<void> {
    const { host, port, door, certificates, hosts } = this.#options;
    hosts.listen({ onRemoved: (hostId) => this.#endStreams(hostId) });
    const server = createTlsServer(
      {
        cert: door.certificatePem,
        key: door.keyPem,
        ca: certificates.authorityPem,
        requestCert: true,
        // Strangers may join; what else they may not do is decided with each request.
        rejectUnauthorized: false,
        handshakeTimeout: this.#limits.strangerMs,
        minVersion: "TLSv1.3",
      },
      (socket) => this.#accept(socket),
    );
    server.maxConnections = this.#limits.connectionsMax;
    server.on("tlsClientError", (_, socket) => socket.destroy());
    this.#tls = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(cannotListen(error, host, port)));
      server.listen(port, host, resolve);
    });
  }

  /** Differs from the configured one where that is 0. */
  get port(): number {
    const address = this.#tls?.address();
    return address != null && typeof address === "object" ? address.port : this.#options.port;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** New connections get it; those that are open go on. */
  useCertificate(door: IssuedPair): void {
    const ca = this.#options.certificates.authorityPem;
    this.#tls?.setSecureContext({ cert: door.certificatePem, key: door.keyPem, ca });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#tls?.close();
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  #accept(socket: TLSSocket): void {
    const known = new AbortController();
    this.#connections.set(socket, () => known.abort());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#connections.delete(socket);
      known.abort();
    });
    void this.#options.clock.sleep(this.#limits.strangerMs, known.signal).then(() => {
      if (!known.signal.aborted) socket.destroy();
    });
    this.#http.emit("connection", socket);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    try {
      await send(await this.#answer(request, gone), response);
    } catch (error) {
      if (!(error instanceof LarderError)) this.#options.log.error({ err: error }, "request of an agent failed");
      await send(refusal(error), response).catch(() => response.destroy());
    }
  }

  async #answer(request: IncomingMessage, gone: AbortController): Promise<Response> {
    const path = new URL(request.url ?? "/", "https://door").pathname;
    switch (`${request.method} ${path}`) {
      case "GET /join/authority":
        return new Response(this.#options.certificates.authorityPem);
      case "POST /join":
        return this.#join(await readJson(request, this.#limits.strangerBytesMax));
      default:
        return this.#answerHost(path, request, gone);
    }
  }

  async #join(body: unknown): Promise<Response> {
    const answer = await this.#options.tokens.join(parseJoinRequest(body));
    this.#options.log.info({ hostId: answer.hostId }, "host joined");
    return Response.json(answer);
  }

  async #answerHost(path: string, request: IncomingMessage, gone: AbortController): Promise<Response> {
    const socket = request.socket as TLSSocket;
    const { hostId } = await this.#options.certificates.hostOf(certificateOf(socket));
    this.#connections.get(socket)?.();
    const url = new URL(request.url ?? "/", "https://door");
    switch (`${request.method} ${path}`) {
      case "GET /agent/watch":
        requireOwn(hostId, url.searchParams.get("host"));
        return this.#options.answer(new Request(url.href, { signal: this.#streamSignal(hostId, gone) }));
      case "POST /agent/register":
      case "POST /agent/report":
      case "POST /agent/answer":
      case "POST /agent/renew":
        return this.#take(path, { hostId, url, body: await readJson(request, this.#limits.hostBytesMax) });
      default:
        throw new LarderError("AuthorizationFailed", "A host has no business here.");
    }
  }

  async #take(path: string, from: { hostId: string; url: URL; body: unknown }): Promise<Response> {
    const { hostId, url, body } = from;
    switch (path) {
      case "/agent/renew":
        return Response.json({ certificatePem: await this.#renew(hostId, body) } satisfies RenewAnswer);
      case "/agent/register":
        requireOwn(hostId, parseHostIntroduction(body).hostId);
        return Response.json(await this.#options.hosts.register(parseHostIntroduction(body), { isLocal: false }));
      case "/agent/report":
        requireOwn(hostId, (body as { hostId?: unknown } | null)?.hostId);
    }
    return this.#options.answer(
      new Request(url.href, { method: "POST", headers: jsonHeaders, body: JSON.stringify(body) }),
    );
  }

  async #renew(hostId: string, body: unknown): Promise<string> {
    const pem = await this.#options.certificates.renew(hostId, parseRenewRequest(body).publicKeyPem);
    this.#options.log.info({ hostId }, "host's certificate renewed");
    return pem;
  }

  #streamSignal(hostId: string, gone: AbortController): AbortSignal {
    const streams = this.#streams.get(hostId) ?? new Set();
    this.#streams.set(hostId, streams.add(gone));
    gone.signal.addEventListener("abort", () => streams.delete(gone), { once: true });
    return AbortSignal.any([gone.signal, this.#stopping.signal]);
  }

  #endStreams(hostId: string): void {
    for (const stream of [...(this.#streams.get(hostId) ?? [])]) stream.abort();
    this.#streams.delete(hostId);
  }
}

const jsonHeaders = { "content-type": "application/json" };

function refusal(error: unknown): Response {
  const known = error instanceof LarderError ? error : new LarderError("InternalError", "A fault in Larder.");
  const { code, message, target } = known;
  return Response.json({ error: { code, message, target } }, { status: errorTable[code].status });
}

/** Throws AuthorizationFailed where there is none that the authority has signed and that is still good. */
function certificateOf(socket: TLSSocket): { commonName: string; der: Uint8Array } {
  const certificate = socket.authorized ? socket.getPeerCertificate() : undefined;
  const commonName = certificate?.subject?.CN;
  if (certificate?.raw === undefined || typeof commonName !== "string")
    throw new LarderError("AuthorizationFailed", "The caller has no valid certificate of a host.");
  return { commonName, der: certificate.raw };
}

function requireOwn(hostId: string, named: unknown): void {
  if (named !== hostId)
    throw new LarderError("AuthorizationFailed", `The certificate is of the host ${hostId}, and speaks for no other.`);
}

/** Throws RequestBodyTooLarge and InvalidRequestBody. */
async function readJson(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new LarderError("RequestBodyTooLarge", `The request is larger than ${bytesMax} bytes.`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new LarderError("InvalidRequestBody", "The request body is not valid JSON.");
  }
}

async function send(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body !== null)
    for await (const chunk of answer.body) {
      if (response.destroyed) break;
      if (!response.write(chunk)) await drained(response);
    }
  response.end();
}

/** Or closed. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): LarderError {
  if (error.code === "EADDRINUSE")
    return new LarderError(
      "PortInUse",
      `Port ${port} on ${host} is taken by another process; choose one with --agent-port.`,
    );
  const text = `The door for agents cannot listen on ${host}, port ${port} (${error.code}): see --agent-host and --agent-port.`;
  return new LarderError("ConfigInvalid", text, { cause: error });
}
