/**
 * What somebody wrote → StorageAccess. One text, or an object where there is more to say:
 *
 *   /backups/shop, file:///backups/shop                    a directory
 *   https://ACCOUNT.blob.core.windows.net/CONTAINER?SAS     a container; with "prefix" a part of it
 *   https://ACCOUNT.blob.core.windows.net/CONTAINER/FILE?SAS   one file
 *   { connectionString, container, prefix? }                a container, by an account's connection string
 *   { url: "s3://BUCKET/PREFIX", accessKeyId, secretAccessKey, sessionToken?, region?, endpoint?, pathStyle? }
 *
 * No error repeats a value that may be secret.
 */
import { isAbsolute, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { parseConnectionString, parseSasUrl } from "./azure-location.ts";
import { invalidLocation, parseEndpoint, parsePrefix } from "./location-text.ts";
import type { StorageAccess } from "./storage-location.ts";

const text = z.string("must be a string").min(1, "must not be empty");

const byUrl = z.strictObject({ url: text, prefix: text.optional() });
const byConnectionString = z.strictObject({ connectionString: text, container: text, prefix: text.optional() });
const byS3Keys = z.strictObject({
  url: text,
  accessKeyId: text,
  secretAccessKey: text,
  sessionToken: text.optional(),
  region: text.regex(/^[a-z0-9-]{1,64}$/, "must be the name of a region").optional(),
  endpoint: text.optional(),
  pathStyle: z.boolean("must be true or false").optional(),
});

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Throws InvalidLocation. */
export function parseStorageLocation(given: unknown): StorageAccess {
  const fields = typeof given === "string" ? { url: given } : given;
  if (typeof fields !== "object" || fields === null) throw invalidLocation("it must be a text or an object");
  if ("connectionString" in fields) {
    const { connectionString, container, prefix } = checked(byConnectionString, fields);
    return parseConnectionString(connectionString, { container, prefix });
  }
  const url = "url" in fields && typeof fields.url === "string" ? fields.url : "";
  if (/^s3:/i.test(url)) return parseS3(checked(byS3Keys, fields));
  const plain = checked(byUrl, fields);
  if (/^https?:/i.test(url)) return parseSasUrl(url, plain.prefix);
  if (plain.prefix !== undefined) throw invalidLocation("prefix: a directory has none");
  return { location: { kind: "directory", path: parseDirectory(url) }, secret: { kind: "none" } };
}

function checked<T>(schema: z.ZodType<T>, fields: object): T {
  const result = schema.safeParse(fields);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const problem = issue?.code === "unrecognized_keys" ? `${issue.keys.join(", ")} is not known here` : issue?.message;
  throw invalidLocation([issue?.path.join("."), problem].filter(Boolean).join(" "));
}

function parseDirectory(given: string): string {
  const path = /^file:/i.test(given) ? pathOf(given) : given;
  if (!isAbsolute(path)) throw invalidLocation("it is neither an absolute path nor a URL of file, https or s3");
  if (path.includes("\0") || path.split("/").includes("..")) throw invalidLocation("the path must not have '..' in it");
  return normalize(path).replace(/(?<=.)\/+$/, "");
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw invalidLocation("the file URL is not valid");
  }
}

function parseS3(given: z.infer<typeof byS3Keys>): StorageAccess {
  const [, bucket = "", path = ""] = /^s3:\/\/([^/?#]*)\/?(.*)$/i.exec(given.url) ?? [];
  if (!bucketName.test(bucket)) throw invalidLocation("it is not s3://BUCKET/PREFIX");
  const endpoint = given.endpoint === undefined ? null : parseEndpoint(given.endpoint);
  const { accessKeyId, secretAccessKey, sessionToken = null, region = "us-east-1" } = given;
  // Servers of one's own mostly have no host name for each bucket.
  const pathStyle = given.pathStyle ?? endpoint !== null;
  return {
    location: { kind: "s3", endpoint, region, bucket, prefix: parsePrefix(path), pathStyle },
    secret: { kind: "s3-keys", accessKeyId, secretAccessKey, sessionToken },
  };
}
