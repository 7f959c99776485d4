/** Serves the management API over HTTPS: with the public certificate for the names in it, with the built-in one for all others. */
import { LarderError } from "@larder/api";
import { dnsNamesOf } from "../pki/certificate-rules.ts";
import type { ServedPairs } from "../pki/served-certificates.ts";
import type { ApiContext } from "./api-context.ts";
import { managementApi } from "./app.ts";

/** The runtime's own bound, whose answer has no body: out of the way, as bodies are read up to `bodyBytesMax` and no further. */
const requestBytesMax = Number.MAX_SAFE_INTEGER;
/** After which the runtime closes a connection that says nothing. */
const idleSeconds = 10;
/** By then who was silent is gone, and who was not has been asked to connect anew. */
const retireMs = (idleSeconds + 2) * 1_000;

export class ApiServer {
  readonly #options: { host: string; port: number; certificates: ServedPairs; api: ApiContext };
  readonly #app: ReturnType<typeof managementApi>;
  #server: Bun.Server<undefined> | undefined;
  /** Servers of an earlier certificate, and what ends them. */
  readonly #retiring = new Map<Bun.Server<undefined>, Timer>();
  #port: number;

  constructor(options: { host: string; port: number; certificates: ServedPairs; api: ApiContext }) {
    this.#options = options;
    this.#port = options.port;
    this.#app = managementApi(options.api);
  }

  /** Throws PortInUse. */
  start(): void {
    this.#requirePort();
    this.#listen(this.#options.certificates);
  }

  /**
   * A server's certificate cannot be changed with this runtime: another server takes its place on the same port. The one before asks
   * its clients to connect anew, and closes its port once nobody can be left who was not asked. Until then it still answers some.
   */
  useCertificates(certificates: ServedPairs): void {
    const before = this.#server;
    this.#listen(certificates);
    if (before === undefined) return;
    this.#retiring.set(
      before,
      setTimeout(() => {
        this.#retiring.delete(before);
        void before.stop();
      }, retireMs),
    );
  }

  /** Differs from the configured one where that is 0. */
  get port(): number {
    return this.#port;
  }

  async stop(): Promise<void> {
    const retiring = [...this.#retiring];
    this.#retiring.clear();
    for (const [, timer] of retiring) clearTimeout(timer);
    await Promise.all([this.#server, ...retiring.map(([server]) => server)].map((server) => server?.stop(true)));
  }

  async #answer(request: Request, server: Bun.Server<undefined>): Promise<Response> {
    const response = await this.#app.fetch(request, { address: server.requestIP(request)?.address ?? "" });
    if (this.#retiring.has(server)) response.headers.set("connection", "close");
    return response;
  }

  /** As ours may be taken several times, it is seen beforehand whether somebody else has the port. */
  #requirePort(): void {
    const { host } = this.#options;
    if (this.#port === 0) return;
    try {
      Bun.listen({ hostname: host, port: this.#port, socket: { data() {} } }).stop(true);
    } catch (error) {
      throw cannotListen(error as NodeJS.ErrnoException, host, this.#port);
    }
  }

  #listen(certificates: ServedPairs): void {
    const { host } = this.#options;
    try {
      this.#server = Bun.serve({
        hostname: host,
        port: this.#port,
        tls: tlsOptions(certificates),
        maxRequestBodySize: requestBytesMax,
        reusePort: true,
        idleTimeout: idleSeconds,
        fetch: (request, server) => this.#answer(request, server),
      });
      this.#port = this.#server.port ?? this.#port;
    } catch (error) {
      throw cannotListen(error as NodeJS.ErrnoException, host, this.#port);
    }
  }
}

/** The first is for whoever asks for no name, or for one that no certificate has. This machine's commands trust it, by this name. */
function tlsOptions({ builtIn, public: outer }: ServedPairs): Bun.TLSOptions[] {
  const own = { cert: builtIn.certificatePem, key: builtIn.keyPem };
  if (outer === null) return [own];
  const names = dnsNamesOf(outer.certificatePem).filter((name) => name !== "localhost");
  return [own, ...names.map((serverName) => ({ cert: outer.certificatePem, key: outer.keyPem, serverName }))];
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): LarderError {
  if (error.code === "EADDRINUSE")
    return new LarderError(
      "PortInUse",
      `Port ${port} on ${host} is taken by another process; choose one with --api-port.`,
    );
  const text = `The API cannot listen on ${host}, port ${port} (${error.code}): see --host and --api-port.`;
  return new LarderError("ConfigInvalid", text, { cause: error });
}
