/** What a controller is given when it is made. The command line's own table is options.ts. */
import type { Clock, Log, Randomness, SecretKeys } from "@larder/service";
import type { CertificateSource } from "./pki/certificate-source.ts";

export interface ControllerOptions {
  dataDirectory: string;
  keys: SecretKeys;
  socketPath: string;
  host: string;
  apiPort: number;
  /** Of the embedded identity provider; undefined: there is none. */
  identityPort: number | undefined;
  /** Where agents of other machines come in; nowhere where it is undefined. */
  agentHost: string | undefined;
  agentPort: number;
  tlsPort: number;
  portBase: number;
  domain: string;
  /** Of the certificate that clients elsewhere see, and authorities that it may need besides the usual ones. */
  certificateSource: CertificateSource;
  certificateCaPath: string | undefined;
  /** OpenID Connect issuers whose tokens the API takes. */
  apiIssuers: readonly string[];
  /** None: the API's own addresses and Azure's. */
  apiAudiences: readonly string[];
  /** Whose tokens clients of caches log in with, and for which audiences; none of these: Azure's. */
  tokenIssuers: readonly string[];
  tokenAudiences: readonly string[];
  operationTimeoutMs: number;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}
