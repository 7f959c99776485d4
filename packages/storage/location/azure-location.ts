/** Azure Blob Storage as its users name it: URLs with a shared access signature (SAS), and connection strings. */
import { invalidLocation, parseEndpoint, parseHttpUrl } from "./location-text.ts";
import type { ParsedPlace } from "./parsed-place.ts";

type AzurePlace = Extract<ParsedPlace, { kind: "azure" }>;

const containerName = /^(\$root|[a-z0-9](-?[a-z0-9]){2,62})$/;
const accountName = /^[a-z0-9]{3,24}$/;

/** Of Azurite, as its documentation publishes it. */
const developmentAccount = {
  endpoint: "http://127.0.0.1:10000/devstoreaccount1",
  access: {
    account: "devstoreaccount1",
    key: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
  },
};

export function parseAzureUrl(given: string): AzurePlace {
  const url = parseHttpUrl(given);
  const sas = url.search.slice(1);
  const query = new URLSearchParams(sas);
  if (!query.get("sig")) throw invalidLocation("the URL has no shared access signature (sig)");
  const words = decodePath(url.pathname);
  const account = isAccountInPath(url.hostname) ? [words.shift() ?? ""] : [];
  const container = words.shift() ?? "";
  if (!containerName.test(container)) throw invalidLocation("the URL names no container");
  const containerUrl = [url.origin, ...account, container].join("/");
  return { kind: "azure", container: { containerUrl, access: { sas } }, words, isOneFile: query.get("sr") === "b" };
}

export function parseConnectionString(given: string, container: string): Omit<AzurePlace, "words"> {
  if (!containerName.test(container)) throw invalidLocation("it is not azure://CONTAINER/…");
  const fields = fieldsOf(given);
  const { endpoint, access } = fields.get("usedevelopmentstorage") === "true" ? developmentAccount : accountOf(fields);
  return { kind: "azure", container: { containerUrl: `${endpoint}/${container}`, access }, isOneFile: false };
}

function accountOf(fields: ReadonlyMap<string, string>): {
  endpoint: string;
  access: AzurePlace["container"]["access"];
} {
  const name = fields.get("accountname");
  if (name !== undefined && !accountName.test(name)) throw invalidLocation("AccountName is not the name of one");
  const endpoint = parseEndpoint(fields.get("blobendpoint") ?? defaultEndpoint(fields, name));
  const sas = fields.get("sharedaccesssignature")?.replace(/^\?/, "");
  const key = fields.get("accountkey");
  if (sas !== undefined) return { endpoint, access: { sas } };
  if (name === undefined || key === undefined)
    throw invalidLocation("the connection string has neither AccountName and AccountKey nor SharedAccessSignature");
  return { endpoint, access: { account: name, key } };
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
    const words = path.split("/").map(decodeURIComponent);
    return words.flatMap((word) => word.split("/")).filter((word) => word !== "");
  } catch {
    throw invalidLocation("the URL's path is not valid");
  }
}

/** As emulators and appliances do it, which have one address for all accounts. */
function isAccountInPath(host: string): boolean {
  return host === "localhost" || host.startsWith("[") || /^[\d.]+$/.test(host);
}
