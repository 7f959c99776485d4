/**
 * The embedded identity provider on its own HTTPS port: oidc-provider over node:http, as the library wants it. With each change of
 * the keys that sign tokens it is made anew; all that it knows is in the store.
 */
import { createServer, type Server } from "node:https";
import { LarderError } from "@larder/api";
import type { Log } from "@larder/service";
import type { IssuedPair } from "../pki/issue.ts";
import { loadOidcLibrary, type OidcContext, type OidcProvider } from "./oidc-library.ts";
import { providerDoor } from "./provider-door.ts";
import { type ProviderParts, providerOptions } from "./provider-options.ts";
import type { SignInParts } from "./sign-in.ts";

type Handler = ReturnType<OidcProvider["callback"]>;

export interface IdentityServerOptions {
  host: string;
  port: number;
  certificate: IssuedPair;
  log: Log;
}

export class IdentityServer {
  readonly #options: IdentityServerOptions;
  #server: Server | undefined;
  #port: number;
  #handler: Promise<Handler> = new Promise(() => {});

  constructor(options: IdentityServerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /** Requests wait until there is something to `serve`. Throws PortInUse. */
  async start(): Promise<void> {
    await this.#listen(this.#options.certificate);
  }

  /** Opens the port anew, as the runtime cannot change a server's certificate. Requests that are under way go on. */
  async useCertificate(certificate: IssuedPair): Promise<void> {
    this.#server?.close();
    await this.#listen(certificate);
  }

  /** From now on this handler answers. */
  serve(handler: Promise<Handler>): void {
    this.#handler = handler;
  }

  /** Differs from the configured one where that is 0. */
  get port(): number {
    return this.#port;
  }

  async stop(): Promise<void> {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  #listen(certificate: IssuedPair): Promise<void> {
    const { host, log } = this.#options;
    const server = createServer({ cert: certificate.certificatePem, key: certificate.keyPem }, (request, response) => {
      this.#handler
        .then((handle) => handle(request, response))
        .catch((error: unknown) => {
          log.error({ err: error }, "a request to the identity provider failed");
          response.destroy();
        });
    });
    return new Promise((resolve, reject) => {
      server.once("error", (error) => reject(cannotListen(error, host, this.#port)));
      server.listen(this.#port, host, () => {
        this.#server = server;
        const address = server.address();
        if (address !== null && typeof address === "object") this.#port = address.port;
        resolve();
      });
    });
  }
}

/** The provider with what is before and behind it. */
export async function makeHandler(
  options: Omit<ProviderParts, "library" | "onWrongCode"> &
    Omit<SignInParts, "provider"> & { issuer: string; log: Log },
): Promise<Handler> {
  const { issuer, tenant, principals, attempts, records, log } = options;
  const library = await loadOidcLibrary(log);
  const onWrongCode = ({ ip: address }: OidcContext) => {
    attempts.failed({ address });
    records.note({ kind: "device", address, principal: undefined, clientId: undefined, error: "invalid_user_code" });
  };
  const provider = new library.Provider(issuer, providerOptions({ ...options, library, onWrongCode }));
  Object.assign(provider.Client.prototype, {
    compareClientSecret(this: { clientId: string }, given: string): Promise<boolean> {
      return principals.isSecretOf(this.clientId, given);
    },
  });
  provider.use(providerDoor({ provider, principals, attempts, records, tenant }));
  provider.on("error", (error: Error) => log.error({ err: error }, "a request to the identity provider failed"));
  provider.on("server_error", (_: OidcContext, error: Error) =>
    log.error({ err: error }, "a request to the identity provider failed"),
  );
  return provider.callback();
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): LarderError {
  if (error.code === "EADDRINUSE")
    return new LarderError(
      "PortInUse",
      `Port ${port} on ${host} is taken by another process; choose one with --identity-port.`,
    );
  const text = `The identity provider cannot listen on ${host}, port ${port} (${error.code}): see --host and --identity-port.`;
  return new LarderError("ConfigInvalid", text, { cause: error });
}
