/** The contracts between the parts of the service, and with whoever calls it. */

// Who may use a cache's data, and what no client may ask of it.
export * from "./access-parse.ts";
export * from "./access-permissions.ts";
export * from "./access-resource.ts";
// The client of the management API, of the command line's making, and how it finds the service.
export * from "./activity-client.ts";
// What the daemons say to each other, and hosts that join.
export * from "./agent-protocol.ts";
// Data in and out of caches, and where its files lie.
export * from "./backup-manifest.ts";
export * from "./backup-parse.ts";
export * from "./backup-resource.ts";
export * from "./clusters-client.ts";
export * from "./connection-file.ts";
export * from "./engine-order.ts";
// Microsoft.Cache/redisEnterprise.
export * from "./enterprise-assignment.ts";
export * from "./enterprise-parse.ts";
export * from "./enterprise-resource.ts";
export * from "./enterprise-skus.ts";
export * from "./enterprise-versions.ts";
// Names, values and errors that all have in common.
export * from "./errors.ts";
// From where a cache can be reached.
export * from "./firewall-parse.ts";
export * from "./gateway-protocol.ts";
export * from "./group-parse.ts";
export * from "./host-parse.ts";
export * from "./host-protocol.ts";
export * from "./host-text.ts";
export * from "./ip-address.ts";
export * from "./join-token.ts";
// Microsoft.Cache/redis.
export * from "./linked-server-parse.ts";
export * from "./maintenance-windows.ts";
export * from "./management-client.ts";
export * from "./migration-parse.ts";
export * from "./names.ts";
export * from "./network-client.ts";
export * from "./network-resource.ts";
export * from "./patch-schedule.ts";
// Who may manage the service, and sign in.
export * from "./principal-parse.ts";
export * from "./principal-protocol.ts";
export * from "./private-endpoint-parse.ts";
export * from "./private-network.ts";
export * from "./reboot-parse.ts";
export * from "./redis-parse.ts";
export * from "./redis-resource.ts";
export * from "./refused-commands.ts";
export * from "./rest-calls.ts";
export * from "./role-parse.ts";
export * from "./role-resource.ts";
export * from "./roles-client.ts";
export * from "./route-changes.ts";
export * from "./sas-rules.ts";
export * from "./skus.ts";
export * from "./storage-location.ts";
export * from "./storage-location-parse.ts";
export * from "./storage-location-text.ts";
export * from "./tags-parse.ts";
export * from "./token-key-parse.ts";
export * from "./transfer-parse.ts";
export * from "./transfer-protocol.ts";
export * from "./transfer-resource.ts";
