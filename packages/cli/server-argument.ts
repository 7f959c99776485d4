/**
 * What a person types for another server → a server as the management API takes it. Pure.
 *
 *   redis://[user@]host[:port][/database]          rediss:// is the same with TLS; several hosts are one cluster's
 *   redis+sentinel://[user@]host,host:port/NAME    asks Sentinels who is the primary of that name; rediss+sentinel:// with TLS
 *   redis+cluster://[user@]host,host               is a cluster, whatever it says itself; rediss+cluster:// with TLS
 *
 * A password may stand behind the user and a colon, where everybody on the machine can read it.
 */
import type { RemoteServer } from "@larder/api/transfer-protocol";
import { CommandError } from "./failure.ts";

export interface ServerArgument {
  server: RemoteServer;
  /** The only one that is meant; null: all. */
  database: number | null;
  /** A password stood in the argument. */
  hasTypedPassword: boolean;
}

const pattern = /^redis(s?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?#]+)(?:\/([^/?#]*))?$/i;
const defaultPorts = { server: 6_379, sentinel: 26_379 };

/** Throws InvalidParameter. Its message has no password. */
export function parseServerArgument(text: string): ServerArgument {
  const [, secure, form, login, hosts = "", path = ""] = pattern.exec(text) ?? [];
  if (hosts === "") throw notUnderstood("The server is not written as a URL");
  const isSentinel = form?.toLowerCase() === "sentinel";
  const { username, password } = parseLogin(login);
  const port = isSentinel ? defaultPorts.sentinel : defaultPorts.server;
  const addresses = hosts.split(",").map((host) => parseAddress(host, port));
  if (isSentinel && path === "") throw notUnderstood("The primary's name at the Sentinels is missing");
  const isCluster = form?.toLowerCase() === "cluster" || (!isSentinel && addresses.length > 1);
  const tls =
    secure === "" || secure === undefined ? null : { ca: null, serverName: null, client: null, isVerified: true };
  return {
    server: {
      topology: isSentinel ? "sentinel" : isCluster ? "cluster" : "auto",
      addresses,
      sentinelName: isSentinel ? decoded(path) : null,
      sentinelPassword: null,
      username,
      password,
      tls,
    },
    database: isSentinel || path === "" ? null : parseDatabase(path),
    hasTypedPassword: password !== null,
  };
}

export function isServerArgument(text: string): boolean {
  return /^rediss?(\+\w+)?:/i.test(text);
}

function parseLogin(login = ""): { username: string | null; password: string | null } {
  const colon = login.indexOf(":");
  const [name, password] = colon < 0 ? [login, null] : [login.slice(0, colon), login.slice(colon + 1)];
  return { username: name === "" ? null : decoded(name), password: password === null ? null : decoded(password) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw notUnderstood("A % in it is not followed by two hexadecimal digits (of % itself, %25)");
  }
}

function parseAddress(text: string, defaultPort: number): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw notUnderstood("An address in it is none");
  return { host, port: port === undefined ? defaultPort : Number(port) };
}

function parseDatabase(path: string): number {
  if (/^\d{1,6}$/.test(path)) return Number(path);
  throw notUnderstood("What stands behind the address is no number of a database");
}

function notUnderstood(problem: string): CommandError {
  const hint = "write redis://user@host:6379, rediss://host, redis+sentinel://host:26379/name or redis+cluster://host";
  return new CommandError("InvalidParameter", `${problem}.`, hint);
}
