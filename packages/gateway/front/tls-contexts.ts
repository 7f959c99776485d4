/**
 * The TLS settings that connections are served with: the certificate, and one context for each least version that caches
 * ask for. All ports share them, so a session that a client got at one port resumes at another.
 *
 * A new certificate makes new contexts. Connections that are there keep theirs; sessions do not outlive their context,
 * nor do they resume at another worker, as the runtime takes no ticket keys: such a client gets a whole handshake.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Route } from "@larder/api";

/** As PEM. */
export interface TlsFiles {
  cert: string;
  key: string;
}

export type TlsVersion = Route["minimumTlsVersion"];

/** What `upgradeToTls` takes; opaque. */
export type TlsContext = { readonly context: unknown };

export class TlsContexts {
  #byVersion: Record<TlsVersion, TlsContext>;

  /** Throws like `use`. */
  constructor(files: TlsFiles) {
    this.#byVersion = makeContexts(files);
  }

  /** For the handshakes from now on. Throws, and changes nothing, where certificate and key are no pair. */
  use(files: TlsFiles): void {
    this.#byVersion = makeContexts(files);
  }

  /** Nobody gets less than TLS 1.2. */
  accepting(minimum: TlsVersion): TlsContext {
    return this.#byVersion[minimum];
  }
}

/** Throws where it is no certificate, no key, or the key of another certificate. */
export function requirePair({ cert, key }: TlsFiles): void {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error("the private key does not belong to the certificate");
}

function makeContexts({ cert, key }: TlsFiles): Record<TlsVersion, TlsContext> {
  requirePair({ cert, key });
  const make = (minVersion: "TLSv1.2" | "TLSv1.3") => createSecureContext({ cert, key, minVersion }) as TlsContext;
  return { "1.2": make("TLSv1.2"), "1.3": make("TLSv1.3") };
}
