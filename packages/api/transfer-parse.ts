/**
 * Untrusted bodies of what moves a cache's data → tasks of transfers.
 *
 *   POST …/redis/{name}/import    {files, format?} as Azure has it, and Larder's own: merge, existing, filter
 *   POST …/redis/{name}/export    {container, prefix, format?}, and: filter, gzip, rdbVersion
 *   POST …/databases/{name}/import|export of redisEnterprise: {sasUris} and {sasUri}, or as above
 *
 * Where Azure takes a signed URL, Larder takes every storage location.
 */
import { z } from "zod";
import { choice, parseBody, wholeNumber } from "./body-values.ts";
import { LarderError } from "./errors.ts";
import { sasProblem } from "./sas-rules.ts";
import type { StorageLocation } from "./storage-location.ts";
import { storageLocation } from "./storage-location-parse.ts";
import { type KeyFilter, type TransferTask, valueTypes } from "./transfer-protocol.ts";

/** Of one import. */
export const importFilesMax = 100;
const filterListMax = 100;
const prefixLengthMax = 1_024;

export interface TransferAsked<Kind extends TransferTask["kind"] = TransferTask["kind"]> {
  task: Extract<TransferTask, { kind: Kind }>;
  filter: KeyFilter;
}

export const keyFilter = z
  .object(
    {
      prefixes: z.array(z.string().min(1, "must not be empty").max(prefixLengthMax)).max(filterListMax).default([]),
      types: z.array(choice(valueTypes)).max(valueTypes.length).default([]),
      databases: z.array(wholeNumber).max(filterListMax).default([]),
    },
    "must be an object",
  )
  .default({ prefixes: [], types: [], databases: [] });

const flag = z.union(
  [z.boolean(), choice(["true", "false"]).transform((given) => given === "true")],
  "must be true or false",
);

const azures = {
  format: choice(["RDB"]).optional(),
  "preferred-data-archive-auth-method": choice(["SAS", "ManagedIdentity"]).optional(),
};

const files = z
  .array(storageLocation, "must be a list of URLs")
  .min(1, "must name at least one file")
  .max(importFilesMax, `must name at most ${importFilesMax} files`);

const importBody = z.object({
  ...azures,
  files,
  merge: flag.default(false),
  existing: choice(["keep", "replace"]).optional(),
  filter: keyFilter,
});

const exportBody = z.object({
  ...azures,
  container: storageLocation,
  prefix: z
    .string("must be a string")
    .regex(/^[\w.-]+(\/[\w.-]+)*$/, "may only have letters, digits, '.', '-', '_' and '/' between them")
    .max(200)
    .refine(
      (given) => !given.split("/").some((part) => part === "." || part === ".."),
      "must not have '.' or '..' as a part",
    ),
  gzip: flag.default(false),
  rdbVersion: wholeNumber.pipe(z.int().min(6, "must be 6 or more").max(99)).nullable().default(null),
  filter: keyFilter,
});

const enterpriseImportBody = z.object({ sasUris: files });
const enterpriseExportBody = z.object({ sasUri: storageLocation });

/** Throws InvalidRequestBody, InvalidParameter or OperationNotSupported, each with its target. */
export function parseImport(body: unknown, nowMs: number): TransferAsked<"import"> {
  const given = parseBody(importBody, body, refuseIdentity) as z.infer<typeof importBody>;
  requireSignatures(given.files, "files", nowMs);
  if (given.existing !== undefined && !given.merge)
    throw invalid("existing", "means something only with 'merge': otherwise an import replaces all data");
  return { task: importTask(given), filter: given.filter };
}

/** Throws as `parseImport`. */
export function parseExport(body: unknown, nowMs: number): TransferAsked<"export"> {
  const { container, prefix, gzip, rdbVersion, filter } = parseBody(exportBody, body, refuseIdentity) as z.infer<
    typeof exportBody
  >;
  requireSignature(container, "container", "write", nowMs);
  return { task: { kind: "export", to: container, fileName: exportName(prefix, gzip), gzip, rdbVersion }, filter };
}

/** The form of Azure Managed Redis, or Larder's own, which names `files`. Throws as `parseImport`. */
export function parseEnterpriseImport(body: unknown, nowMs: number): TransferAsked<"import"> {
  if (has(body, "files")) return parseImport(body, nowMs);
  const { sasUris } = parseBody(enterpriseImportBody, body) as z.infer<typeof enterpriseImportBody>;
  requireSignatures(sasUris, "sasUris", nowMs);
  return { task: { kind: "import", files: sasUris, mode: "fill" }, filter: keyFilter.parse(undefined) };
}

/** The form of Azure Managed Redis, which names its files itself, or Larder's own, with a `container`. Throws as `parseImport`. */
export function parseEnterpriseExport(body: unknown, prefix: string, nowMs: number): TransferAsked<"export"> {
  if (has(body, "container")) return parseExport(body, nowMs);
  const { sasUri } = parseBody(enterpriseExportBody, body) as z.infer<typeof enterpriseExportBody>;
  requireSignature(sasUri, "sasUri", "write", nowMs);
  const task = {
    kind: "export",
    to: sasUri,
    fileName: exportName(prefix, true),
    gzip: true,
    rdbVersion: null,
  } as const;
  return { task, filter: keyFilter.parse(undefined) };
}

/** The file of a cache with one shard: the prefix, and what tells that it is one. */
export function exportName(prefix: string, gzip: boolean): string {
  const base = prefix.replace(/(\.rdb)?(\.gz)?$/, "");
  return `${base}.rdb${gzip ? ".gz" : ""}`;
}

function has(body: unknown, property: string): boolean {
  return typeof body === "object" && body !== null && property in body;
}

function importTask({ files: from, merge, existing }: z.infer<typeof importBody>): TransferAsked<"import">["task"] {
  if (!merge) return { kind: "import", files: from, mode: "fill" };
  return { kind: "import", files: from, mode: "merge", existing: existing ?? "keep" };
}

function requireSignatures(locations: readonly StorageLocation[], target: string, nowMs: number): void {
  for (const [index, location] of locations.entries()) requireSignature(location, `${target}.${index}`, "read", nowMs);
}

function requireSignature({ url }: StorageLocation, target: string, use: "read" | "write", nowMs: number): void {
  const problem = sasProblem(url, use, nowMs);
  if (problem !== undefined) throw invalid(target, problem);
}

function refuseIdentity(body: Record<string, unknown>): void {
  const key = "preferred-data-archive-auth-method";
  const given = body[key];
  if (typeof given !== "string" || given.toLowerCase() !== "managedidentity") return;
  const text = `'${key}' asks for a managed identity, which Larder does not have yet: use a URL with a signature.`;
  throw new LarderError("OperationNotSupported", text, { target: key });
}

function invalid(target: string, message: string): LarderError {
  return new LarderError("InvalidParameter", `'${target}' ${message}.`, { target });
}
