/**
 * Where an engine is reached from here. On its own machine that is its Unix socket, whose path holds the node's id, so a
 * socket that is there is the node's. From elsewhere it is the node's address, with TLS: both ends show a certificate of the
 * nodes' authority, which signs for nobody else. The name in it is not asked for, as nodes have none.
 *
 * Once its socket was there the node is on this machine for good: one that is started again has no socket for a moment
 * and then another port, and neither makes it another place.
 */
import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { RouteNode } from "@larder/api";
import type { NodeCertificate } from "./node-certificate.ts";

/** How the runtime connects. */
export type Endpoint =
  | { unix: string }
  | { hostname: string; port: number; tls: { ca: string; cert: string; key: string; rejectUnauthorized: false } };

export class EnginePlace {
  readonly node: RouteNode;
  readonly #certificate: NodeCertificate | null;
  #wasHere = false;

  constructor(node: RouteNode, certificate: NodeCertificate | null) {
    this.node = node;
    this.#certificate = certificate;
  }

  get isHere(): boolean {
    const { address, socketPath } = this.node;
    this.#wasHere ||= address === null || existsSync(socketPath);
    return this.#wasHere;
  }

  /** Whether there is a way to it. Without a certificate there is none to another machine. */
  get isReachable(): boolean {
    return this.isHere || this.#certificate !== null;
  }

  isOf(node: RouteNode | null): boolean {
    if (node === null || node.nodeId !== this.node.nodeId || node.socketPath !== this.node.socketPath) return false;
    if (node.version !== this.node.version) return false;
    return this.isHere || isDeepStrictEqual(node.address, this.node.address);
  }

  /** For one connection, as the certificate's files may be renewed. Throws what reading them throws. */
  endpoint(): Endpoint {
    const { address, socketPath } = this.node;
    if (address === null || this.isHere) return { unix: socketPath };
    if (this.#certificate === null) throw new Error("the gateway has no certificate to reach other hosts");
    // The connection judges what the other end shows: asked to, the runtime would insist on a name.
    return {
      hostname: address.host,
      port: address.port,
      tls: { ...this.#certificate.read(), rejectUnauthorized: false },
    };
  }
}

/** Of a finished handshake; `error` as the runtime tells it, which names a wrong chain before a wrong name. */
export function isTrusted(error: Error | null): boolean {
  return error === null || ("code" in error && error.code === "ERR_TLS_CERT_ALTNAME_INVALID");
}
