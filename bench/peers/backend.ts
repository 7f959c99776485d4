/** How a proxy reaches its engine. Each proxy gets the one that it is faster with (choose-ways.ts). */
export type BackendKind = "tcp" | "unix";

/** Ports of one proxy: the front of the same service over each kind of backend. */
export type BackendPorts = Record<BackendKind, number>;
