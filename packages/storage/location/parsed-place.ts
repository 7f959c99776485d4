/**
 * A StorageLocation taken apart: which storage, with what one gets in, and the words of the path in it. Whether the last word is
 * a file or a folder is not in the location: who opens it knows.
 *
 * No error repeats a value that may be secret.
 */
import { fileURLToPath } from "node:url";
import type { StorageCredentials, StorageLocation } from "@larder/api";
import type { AzureContainer } from "../azure/azure-files.ts";
import type { S3Bucket } from "../s3/s3-files.ts";
import { parseAzureUrl, parseConnectionString } from "./azure-location.ts";
import { invalidLocation, parseEndpoint } from "./location-text.ts";

export type ParsedPlace =
  | { kind: "directory"; path: string }
  /** `isOneFile`: the signature is for that alone. */
  | { kind: "azure"; container: Omit<AzureContainer, "prefix">; words: string[]; isOneFile: boolean }
  | { kind: "s3"; bucket: Omit<S3Bucket, "prefix">; words: string[] };

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const regionName = /^[a-z0-9-]{1,64}$/;

/** Throws InvalidLocation. */
export function parsePlace({ url, credentials }: StorageLocation): ParsedPlace {
  const scheme = /^([a-z0-9]+):/i.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case "file":
      return { kind: "directory", path: pathOf(url) };
    case "http":
    case "https":
      return parseAzureUrl(url);
    case "azure":
      return parseAzure(url, credentials);
    case "s3":
      return parseS3(url, credentials);
    default:
      throw invalidLocation("it is none of file, https, azure and s3");
  }
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
      .replace(/\/{2,}/g, "/")
      .replace(/(?<=.)\/$/, "");
  } catch {
    throw invalidLocation("it is not the file URL of an absolute path");
  }
}

function parseAzure(url: string, credentials: StorageCredentials | null): ParsedPlace {
  if (credentials?.kind !== "azure") throw invalidLocation("it needs a connection string");
  const { first, words } = partsOf(url);
  return { ...parseConnectionString(credentials.connectionString, first), words };
}

function parseS3(url: string, credentials: StorageCredentials | null): ParsedPlace {
  if (credentials?.kind !== "s3") throw invalidLocation("it needs keys");
  const { first: bucket, words } = partsOf(url);
  if (!bucketName.test(bucket)) throw invalidLocation("it is not s3://BUCKET/…");
  const { accessKeyId, secretAccessKey, sessionToken, region } = credentials;
  if (!regionName.test(region)) throw invalidLocation("region is not the name of one");
  const endpoint = credentials.endpoint === null ? null : parseEndpoint(credentials.endpoint);
  // Servers of one's own mostly have no host name for each bucket.
  const pathStyle = endpoint !== null;
  const keys = { accessKeyId, secretAccessKey, sessionToken };
  return { kind: "s3", bucket: { endpoint, region, bucket, pathStyle, credentials: keys }, words };
}

/** As it stands there: the tools of both take these names without percent signs. */
function partsOf(url: string): { first: string; words: string[] } {
  if (/[?#]/.test(url)) throw invalidLocation("there is a question mark or a number sign in it");
  const [first = "", ...words] = url.replace(/^[a-z0-9]+:\/\//i, "").split("/");
  return { first, words: words.filter((word) => word !== "") };
}
