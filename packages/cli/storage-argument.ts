/**
 * What a person types for where data comes from or goes to → storage locations as the management API takes them.
 *
 *   shop.rdb                 a file of this machine (local-files.ts)
 *   file:///…                a file of the agent's host, beneath its storage roots
 *   https://…?sig=…          a blob or container by its signature; without one, LARDER_SAS has it
 *   azure://CONTAINER/PATH   by AZURE_STORAGE_CONNECTION_STRING
 *   s3://BUCKET/PATH         by AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL
 *   @FILE, -                 one of these a line, from a file or from standard input: a signature in an argument can be read
 *                            by everybody on the machine
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { StorageLocation } from "@larder/api/storage-location";
import { CommandError } from "./failure.ts";

export type StorageArgument = { kind: "path"; path: string } | { kind: "location"; location: StorageLocation };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Lines of `@FILE` and `-` in their place. Blank ones and those that begin with # count for nothing. */
export function expandArguments(given: readonly string[], read: (file: string) => string): string[] {
  return given.flatMap((text) => {
    if (text !== "-" && !text.startsWith("@")) return [text];
    const lines = read(text === "-" ? "/dev/stdin" : text.slice(1)).split("\n");
    return lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  });
}

/** Throws InvalidParameter. */
export function parseStorageArgument(text: string, environment: Environment): StorageArgument {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return { kind: "path", path: text };
    case "file":
      return { kind: "location", location: { url: text, credentials: null } };
    case "https":
    case "http":
      return { kind: "location", location: { url: withSignature(text, environment), credentials: null } };
    case "azure":
      return { kind: "location", location: { url: text, credentials: azureCredentials(environment) } };
    case "s3":
      return { kind: "location", location: { url: text, credentials: s3Credentials(environment) } };
    default:
      throw new CommandError(
        "InvalidParameter",
        `Nothing is known of ${scheme}://.`,
        "give a file, or a URL of file, https, azure or s3",
      );
  }
}

/** One storage; a path is one of the hosts, beneath their storage roots. Throws InvalidParameter. */
export function hostsLocation(
  typed: string,
  { read, environment }: { read: (file: string) => string; environment: Environment },
): StorageLocation {
  const [text, ...more] = expandArguments([typed], read);
  if (text === undefined || more.length > 0)
    throw new CommandError("InvalidParameter", "It takes one storage.", "give one path or URL");
  const argument = parseStorageArgument(text, environment);
  if (argument.kind === "location") return argument.location;
  return { url: pathToFileURL(resolve(argument.path)).href, credentials: null };
}

/** A signature was typed where others can read it. */
export function hasTypedSecret(typed: readonly string[]): boolean {
  return typed.some((text) => /^https?:\/\/[^?]*\?.*\bsig=/i.test(text));
}

/**
 * Where an export goes: a container, bucket or folder, and the name of the file in it. What names only the former gets the
 * cache's name.
 */
export function exportTarget({ url, credentials }: StorageLocation, cacheName: string) {
  const [, base = "", query = ""] = /^([^?]*)(\?.*)?$/s.exec(url) ?? [];
  const [, root = "", path = ""] = rootOf(base) ?? [];
  const name = path.replace(/^\/+/, "");
  const prefix = name === "" || name.endsWith("/") ? `${name}${cacheName}` : name;
  return { container: { url: `${root}${query}`, credentials }, prefix };
}

/** A container and what is in it. A file's folder; an emulator has its account in the path. */
function rootOf(base: string): RegExpExecArray | null {
  if (/^file:/i.test(base)) return /^(.*\/)([^/]*)$/.exec(base);
  if (/^https?:\/\/(localhost|[\d.]+|\[[^\]]*\])(:\d+)?\//i.test(base))
    return /^(\w+:\/\/[^/]+\/[^/]+\/[^/]+)(.*)$/.exec(base);
  if (/^https?:/i.test(base)) return /^(\w+:\/\/[^/]+\/[^/]+)(.*)$/.exec(base);
  return /^(\w+:\/\/[^/]+)(.*)$/.exec(base);
}

function withSignature(url: string, environment: Environment): string {
  const signature = environment["LARDER_SAS"]?.replace(/^\?/, "");
  if (signature === undefined || /[?&]sig=/i.test(url)) return url;
  return `${url}${url.includes("?") ? "&" : "?"}${signature}`;
}

function azureCredentials(environment: Environment): StorageLocation["credentials"] {
  return { kind: "azure", connectionString: required(environment, "AZURE_STORAGE_CONNECTION_STRING") };
}

function s3Credentials(environment: Environment): StorageLocation["credentials"] {
  return {
    kind: "s3",
    accessKeyId: required(environment, "AWS_ACCESS_KEY_ID"),
    secretAccessKey: required(environment, "AWS_SECRET_ACCESS_KEY"),
    sessionToken: environment["AWS_SESSION_TOKEN"] || null,
    region: environment["AWS_REGION"] || "us-east-1",
    endpoint: environment["AWS_ENDPOINT_URL"] || null,
  };
}

function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value) return value;
  throw new CommandError("InvalidParameter", `The environment has no ${name}.`, "set it for this command");
}
