/**
 * What applications can hear of maintenance, as Azure Cache for Redis says it: messages on a channel of the cache itself,
 * which StackExchange.Redis follows by itself.
 *
 *   NotificationType|NodeMaintenanceStarting|StartTimeInUTC|2026-11-21T18:00:00|IsReplica|False|IPAddress|10.0.0.5|…
 *
 * Names and values stand between bars. StackExchange.Redis takes times to the second and without a zone only, addresses
 * only as numbers, and passes over pairs that are not there. Source: AzureRedisEvents.md in Azure/AzureCacheForRedis.
 */
export const noticeChannel = "AzureRedisEvents";

/**
 * Scheduled         a node is to be maintained, at most fifteen minutes from now
 * Starting          it begins
 * Start             it has begun: the node hands over in a moment
 * FailoverComplete  a replica is the primary
 * Ended             it is over, or was called off
 */
export type NoticeType =
  | "NodeMaintenanceScheduled"
  | "NodeMaintenanceStarting"
  | "NodeMaintenanceStart"
  | "NodeMaintenanceFailoverComplete"
  | "NodeMaintenanceEnded";

export interface MaintenanceNotice {
  type: NoticeType;
  /** Wall time; null where it says what has already happened. */
  startMs: number | null;
  isReplica: boolean;
  /** Of the node that is maintained. */
  hostId: string;
}

/** `address` is that of the node's host; undefined where nobody knows it. A port that is not open is said as 0. */
export function encodeNotice(
  { type, startMs, isReplica }: MaintenanceNotice,
  at: { address: string | undefined; tlsPort: number | null; plainPort: number | null },
): string {
  const pairs = [
    ["NotificationType", type],
    [
      "StartTimeInUTC",
      startMs === null ? undefined : new Date(startMs).toISOString().slice(0, "2026-11-21T18:00:00".length),
    ],
    ["IsReplica", isReplica ? "True" : "False"],
    ["IPAddress", at.address],
    ["SSLPort", String(at.tlsPort ?? 0)],
    ["NonSSLPort", String(at.plainPort ?? 0)],
  ];
  return pairs
    .filter(([, value]) => value !== undefined)
    .flat()
    .join("|");
}
