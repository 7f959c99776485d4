/** Azure Blob Storage as its users name it: SAS URLs and connection strings. */
import { isFileName } from "../file-name.ts";
import { invalidLocation, parseEndpoint, parseHttpUrl, parsePrefix } from "./location-text.ts";
import type { StorageAccess, StorageSecret } from "./storage-location.ts";

const containerName = /^(\$root|[a-z0-9](-?[a-z0-9]){2,62})$/;
const accountName = /^[a-z0-9]{3,24}$/;

/** Of Azurite, as its documentation publishes it. */
const developmentAccount = {
  account: "devstoreaccount1",
  key: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
  endpoint: "http://127.0.0.1:10000/devstoreaccount1",
};

/** A URL of a container, or of one file in it, with its SAS. */
export function parseSasUrl(given: string, prefix: string | undefined): StorageAccess {
  const url = parseHttpUrl(given);
  const sas = url.search.slice(1);
  const query = new URLSearchParams(sas);
  if (!query.get("sig")) throw invalidLocation("the URL has no shared access signature (sig)");
  const words = decodePath(url.pathname);
  const account = isAccountInPath(url.hostname) ? [words.shift() ?? ""] : [];
  const [container = "", ...rest] = words;
  if (!containerName.test(container)) throw invalidLocation("the URL names no container");
  const containerUrl = [url.origin, ...account, container].join("/");
  const secret: StorageSecret = { kind: "azure-sas", sas };
  const path = rest.join("/");
  // Only a signature of a directory (sr=d) makes a folder of what else would be a file.
  if (path === "" || query.get("sr") === "d") {
    const folder = parsePrefix([path, prefix ?? ""].join("/"));
    return { location: { kind: "azure", containerUrl, prefix: folder, file: null }, secret };
  }
  if (prefix !== undefined) throw invalidLocation("prefix: the URL is of one file");
  const file = rest.at(-1) ?? "";
  if (!isFileName(file)) throw invalidLocation("the file's name is not allowed");
  const folder = parsePrefix(rest.slice(0, -1).join("/"));
  return { location: { kind: "azure", containerUrl, prefix: folder, file }, secret };
}

export function parseConnectionString(
  given: string,
  place: { container: string; prefix: string | undefined },
): StorageAccess {
  if (!containerName.test(place.container)) throw invalidLocation("container is not the name of one");
  const fields = fieldsOf(given);
  const { endpoint, secret } = fields.get("usedevelopmentstorage") === "true" ? development() : account(fields);
  const containerUrl = `${endpoint}/${place.container}`;
  return { location: { kind: "azure", containerUrl, prefix: parsePrefix(place.prefix ?? ""), file: null }, secret };
}

function development(): { endpoint: string; secret: StorageSecret } {
  const { account, key, endpoint } = developmentAccount;
  return { endpoint, secret: { kind: "azure-key", account, key } };
}

function account(fields: ReadonlyMap<string, string>): { endpoint: string; secret: StorageSecret } {
  const name = fields.get("accountname");
  if (name !== undefined && !accountName.test(name)) throw invalidLocation("AccountName is not the name of one");
  const endpoint = fields.get("blobendpoint") ?? defaultEndpoint(fields, name);
  const sas = fields.get("sharedaccesssignature")?.replace(/^\?/, "");
  const key = fields.get("accountkey");
  if (sas !== undefined) return { endpoint: parseEndpoint(endpoint), secret: { kind: "azure-sas", sas } };
  if (name === undefined || key === undefined)
    throw invalidLocation("the connection string has neither AccountName and AccountKey nor SharedAccessSignature");
  return { endpoint: parseEndpoint(endpoint), secret: { kind: "azure-key", account: name, key } };
}

function defaultEndpoint(fields: ReadonlyMap<string, string>, name: string | undefined): string {
  if (name === undefined) throw invalidLocation("the connection string has neither BlobEndpoint nor AccountName");
  const protocol = fields.get("defaultendpointsprotocol") ?? "https";
  return `${protocol}://${name}.blob.${fields.get("endpointsuffix") ?? "core.windows.net"}`;
}

/** Names in any case. A key may have equals signs in it. */
function fieldsOf(connectionString: string): Map<string, string> {
  const pairs = connectionString.split(";").filter((pair) => pair.trim() !== "");
  return new Map(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw invalidLocation("the connection string is not made of NAME=VALUE;");
      return [pair.slice(0, at).trim().toLowerCase(), pair.slice(at + 1).trim()];
    }),
  );
}

function decodePath(path: string): string[] {
  try {
    return decodeURIComponent(path)
      .split("/")
      .filter((word) => word !== "");
  } catch {
    throw invalidLocation("the URL's path is not valid");
  }
}

/** As emulators and appliances do it, which have one address for all accounts. */
function isAccountInPath(host: string): boolean {
  return host === "localhost" || host.startsWith("[") || /^[\d.]+$/.test(host);
}
