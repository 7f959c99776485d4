/** Serves the management API over HTTPS. */
import { LarderError } from "@larder/api";
import type { IssuedPair } from "../pki/issue.ts";
import type { ApiContext } from "./api-context.ts";
import { managementApi } from "./app.ts";
import { bodyBytesMax } from "./json-body.ts";

/** Above `bodyBytesMax`, so that a body that is too large is answered in our own words. */
const requestBytesMax = 16 * bodyBytesMax;

export class ApiServer {
  readonly #options: { host: string; port: number; certificate: IssuedPair; api: ApiContext };
  #server: Bun.Server<undefined> | undefined;

  constructor(options: { host: string; port: number; certificate: IssuedPair; api: ApiContext }) {
    this.#options = options;
  }

  /** Throws PortInUse. */
  start(): void {
    const { host, port, certificate, api } = this.#options;
    const app = managementApi(api);
    try {
      this.#server = Bun.serve({
        hostname: host,
        port,
        tls: { cert: certificate.certificatePem, key: certificate.keyPem },
        maxRequestBodySize: requestBytesMax,
        fetch: (request) => app.fetch(request),
      });
    } catch (error) {
      throw cannotListen(error as NodeJS.ErrnoException, host, port);
    }
  }

  /** Differs from the configured one where that is 0. */
  get port(): number {
    return this.#server?.port ?? this.#options.port;
  }

  async stop(): Promise<void> {
    await this.#server?.stop(true);
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
