/**
 * Hosts: how an agent joins the service and renews its certificate, and how the management API shows them.
 *
 * The controller's door for agents of other machines speaks HTTPS. Its certificate is of the nodes' authority and for
 * `agentDoorName`, whatever the address. It has the paths of agent-protocol.ts, for callers whose certificate is their
 * host's, and three more:
 *
 *   GET  /join/authority   the authority (PEM), to anybody: the token's pin says whether it is the right one
 *   POST /join             a `JoinRequest` → `JoinAnswer`, without a certificate
 *   POST /agent/renew      a `RenewRequest` → `RenewAnswer`
 *
 * On either door an agent says once who it is, before it follows its stream:
 *
 *   POST /agent/register   a `HostIntroduction`
 *
 * Refusals have the API's error body. `HostRemoved` is for good; the agent stops asking.
 *
 * The management API, with the administrator's token:
 *
 *   GET    /larder/hosts                          a page of `HostResource`
 *   POST   /larder/hosts/tokens                   a `JoinToken`
 *   POST   /larder/hosts/{hostId}/drain|undrain   the `HostResource`
 *   DELETE /larder/hosts/{hostId}[?force=true]
 */
import type { EngineKind } from "./redis-resource.ts";
import type { TransferResource } from "./transfer-resource.ts";

/** Of the certificate by which agents know the controller. */
export const agentDoorName = "controller.larder.internal";

/** `tokenMs`: how long a join token may be used. */
export const hostLimits = { tokenMs: 15 * 60_000 } as const;

/** What an agent's operator said of its host. */
export interface HostIntroduction {
  hostId: string;
  name: string;
  /** The IP address at which other hosts reach its engines. */
  address: string;
  zone: string | null;
}

export interface JoinRequest extends Omit<HostIntroduction, "hostId"> {
  /** The secret of the token, without the pin. */
  secret: string;
  /** The host's own, of which the private half never leaves it; SPKI as PEM, EC P-256. */
  publicKeyPem: string;
}

export interface JoinAnswer {
  hostId: string;
  certificatePem: string;
}

export interface RenewRequest {
  publicKeyPem: string;
}

export interface RenewAnswer {
  certificatePem: string;
}

/** draining: its nodes move elsewhere and it gets no others. silent: its agent is not heard. */
export type HostState = "active" | "draining" | "silent";

export interface HostResource {
  hostId: string;
  name: string;
  address: string;
  zone: string | null;
  state: HostState;
  /** Whether its nodes are to move elsewhere, silent or not. */
  draining: boolean;
  /** What caches were promised of it. */
  memoryBytesUsed: number;
  /** null: its agent has not been heard since the controller began. */
  memoryBytesTotal: number | null;
  nodes: HostNode[];
  engines: { name: string; version: string; kind: EngineKind }[];
}

export interface HostNode {
  nodeId: string;
  cache: string;
  /** It is filled with other data, and stays where it is until that ends; null: it is one of the cache's own. */
  fill: NodeFill | null;
}

/** An import, a migration, or the verification of a backup. */
export type NodeFill = Pick<TransferResource, "id" | "kind" | "status" | "paused" | "cutOver"> & {
  progress: Pick<
    NonNullable<TransferResource["progress"]>,
    "state" | "keys" | "keysTotal" | "bytes" | "bytesTotal"
  > | null;
};

export interface JoinToken {
  token: string;
  /** ISO 8601. */
  expiresAt: string;
  /** Where the agent joins: "https://10.0.0.1:8444". */
  joinUrl: string;
}
