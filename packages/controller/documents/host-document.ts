/**
 * A host as the store keeps it: who it is and what its operator wants of it. What it has and how it does is in its agent's
 * reports, never here. It holds no secrets.
 */
export interface HostDocument {
  hostId: string;
  /** Unique, whatever the case. */
  name: string;
  address: string;
  zone: string | null;
  /** draining: it gets no nodes, and those that it has are to move elsewhere. */
  state: "active" | "draining";
  joinedMs: number;
  /** Those that its agent may come with, the newest first; none where it comes by the controller's own socket. */
  certificates: HostCertificate[];
}

export interface HostCertificate {
  /** Hex SHA-256 of the DER, in lower case. */
  fingerprint: string;
  notAfterMs: number;
}

/** A host that is refused for good. */
export interface RemovedHostDocument {
  hostId: string;
  name: string;
  removedMs: number;
}

/**
 * A join token, under the hash of its secret. `used`: who joined with it. The same host may ask again, as the answer can
 * have been lost on its way; nobody else may.
 */
export interface JoinTokenDocument {
  expiresMs: number;
  used: { hostId: string; publicKeySha256: string } | null;
}
