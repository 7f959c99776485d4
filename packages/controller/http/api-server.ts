/** Serves the management API over HTTPS. */
import { LarderError } from "@larder/api";
import type { IssuedPair } from "../pki/issue.ts";
import type { ApiContext } from "./api-context.ts";
import { managementApi } from "./app.ts";

/** The runtime's own bound, whose answer has no body: out of the way, as bodies are read up to `bodyBytesMax` and no further. */
const requestBytesMax = Number.MAX_SAFE_INTEGER;

export class ApiServer {
  readonly #options: { host: string; port: number; certificate: IssuedPair; api: ApiContext };
  #server: Bun.Server<undefined> | undefined;
  #port: number;

  constructor(options: { host: string; port: number; certificate: IssuedPair; api: ApiContext }) {
    this.#options = options;
    this.#port = options.port;
  }

  /** Throws PortInUse. */
  start(): void {
    this.#listen(this.#options.certificate);
  }

  /** Opens the port anew, as the runtime cannot change a server's certificate. Requests that are under way go on. */
  useCertificate(certificate: IssuedPair): void {
    void this.#server?.stop();
    this.#listen(certificate);
  }

  /** Differs from the configured one where that is 0. */
  get port(): number {
    return this.#port;
  }

  async stop(): Promise<void> {
    await this.#server?.stop(true);
  }

  #listen(certificate: IssuedPair): void {
    const { host, api } = this.#options;
    const app = managementApi(api);
    try {
      this.#server = Bun.serve({
        hostname: host,
        port: this.#port,
        tls: { cert: certificate.certificatePem, key: certificate.keyPem },
        maxRequestBodySize: requestBytesMax,
        fetch: (request, server) => app.fetch(request, { address: server.requestIP(request)?.address ?? "" }),
      });
      this.#port = this.#server.port ?? this.#port;
    } catch (error) {
      throw cannotListen(error as NodeJS.ErrnoException, host, this.#port);
    }
  }
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
